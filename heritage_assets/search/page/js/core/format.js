/**
 * Numbers, dates and names as people read them.
 * @module
 */

const whole = new Intl.NumberFormat('en');
const dateTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const languages = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' });

/** @param {number | null | undefined} value */
export const count = (value) => (value === null || value === undefined ? '–' : whole.format(value));

/** @param {number} amount @param {string} one @param {string} [many] */
export const plural = (amount, one, many = `${one}s`) => `${count(amount)} ${amount === 1 ? one : many}`;

/** A cosine or share, with enough digits to tell near-duplicates apart. @param {number | null | undefined} value */
export const score = (value) => (value === null || value === undefined ? '–' : value.toFixed(3));

/** @param {string | null | undefined} iso */
export function when(iso) {
  const at = iso ? new Date(iso) : null;
  return at && !Number.isNaN(at.valueOf()) ? dateTime.format(at) : '–';
}

/** @param {string | null | undefined} iso */
export function ago(iso) {
  const at = iso ? new Date(iso).valueOf() : NaN;
  if (Number.isNaN(at)) return '–';
  const seconds = (at - Date.now()) / 1000;
  const [size, unit] = /** @type {[number, Intl.RelativeTimeFormatUnit]} */ (
    Math.abs(seconds) < 60 ? [1, 'second'] : Math.abs(seconds) < 3600 ? [60, 'minute'] : Math.abs(seconds) < 86400 ? [3600, 'hour'] : [86400, 'day']
  );
  return relative.format(Math.round(seconds / size), unit);
}

/** @param {number | null | undefined} bytes */
export function bytes(bytes) {
  if (bytes === null || bytes === undefined) return '–';
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 2 ** 20 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

/** Years as a span: 1642, or 1600–1650. @param {number | null} [from] @param {number | null} [to] */
export function years(from, to) {
  if (from === null || from === undefined) return to === null || to === undefined ? '' : `before ${year(to)}`;
  if (to === null || to === undefined || to === from) return year(from);
  return `${year(from)}–${year(to)}`;
}

/** @param {number} value */
const year = (value) => (value < 0 ? `${-value} BC` : String(value));

/** @param {string} code */
export function language(code) {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}

/** Rights categories of the archive in words. */
const RIGHTS = {
  public_domain: 'Public domain',
  cc0: 'CC0',
  cc_by: 'CC BY',
  cc_by_sa: 'CC BY-SA',
  cc_by_nd: 'CC BY-ND',
  cc_by_nc: 'CC BY-NC',
  cc_by_nc_sa: 'CC BY-NC-SA',
  cc_by_nc_nd: 'CC BY-NC-ND',
  no_copyright_other: 'No copyright, other limits',
  copyright_not_evaluated: 'Copyright not evaluated',
  copyright_undetermined: 'Copyright undetermined',
  orphan_work: 'Orphan work',
  in_copyright: 'In copyright',
  restricted: 'Restricted',
  unknown: 'Rights unknown',
};
const OPEN = new Set(['public_domain', 'cc0', 'cc_by', 'cc_by_sa']);
const CLOSED = new Set(['in_copyright', 'restricted']);

/** @param {string} category */
export const rights = (category) => RIGHTS[/** @type {keyof typeof RIGHTS} */ (category)] ?? words(category);

/** How free the use is: a class name of a badge. @param {string} category */
export const rightsTone = (category) => (OPEN.has(category) ? 'good' : CLOSED.has(category) ? 'bad' : 'warn');

/** `not_found` → `Not found`. @param {string} name */
export function words(name) {
  const text = name.replaceAll('_', ' ').trim();
  return text ? text[0].toUpperCase() + text.slice(1) : '–';
}
