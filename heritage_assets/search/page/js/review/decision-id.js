/**
 * Ids of decisions. `crypto.randomUUID` exists only in secure contexts; a museum's intranet may serve plain HTTP.
 * @module
 */

/** @returns {string} 32 hexadecimal digits, random */
export function decisionId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
