/**
 * Colours of clusters: neighbours in size differ; calm enough for pictures to lie on top.
 * @module
 */

const GOLDEN = 137.508;

/**
 * @param {ArrayLike<number>} clusters index of each point's cluster, -1 for none
 * @param {boolean} dark
 * @param {Set<number> | null} [chosen] points that stay bright while the others fade
 * @returns {Uint8Array} red, green, blue, alpha of each point
 */
export function pointColours(clusters, dark, chosen = null) {
  const colours = new Uint8Array(clusters.length * 4);
  for (let index = 0; index < clusters.length; index += 1) {
    const [red, green, blue] = clusterColour(clusters[index], dark);
    const alpha = chosen === null ? 205 : chosen.has(index) ? 255 : 45;
    colours.set([red, green, blue, alpha], index * 4);
  }
  return colours;
}

/** @type {Map<string, [number, number, number]>} */
const known = new Map();

/** @param {number} cluster @param {boolean} dark @returns {[number, number, number]} */
export function clusterColour(cluster, dark) {
  const key = `${cluster}/${dark}`;
  let colour = known.get(key);
  if (!colour) {
    colour = cluster < 0 ? (dark ? [120, 114, 106] : [150, 143, 133]) : hsl((cluster * GOLDEN + 18) % 360, 0.46 + 0.12 * (cluster % 2), (dark ? 0.64 : 0.46) + 0.05 * (cluster % 3));
    known.set(key, colour);
  }
  return colour;
}

/** @param {number} hue degrees @param {number} saturation @param {number} lightness @returns {[number, number, number]} 0 to 255 */
function hsl(hue, saturation, lightness) {
  const spread = saturation * Math.min(lightness, 1 - lightness);
  const channel = (/** @type {number} */ n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
