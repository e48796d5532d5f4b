/**
 * The results last seen, so that a record knows the one before, the one after, and the way back.
 * @module
 */

/** @type {{guids: string[], back: string}} */
let trail = { guids: [], back: '#/search' };

/** @param {string[]} guids @param {string} back address of the results */
export function keepTrail(guids, back) {
  trail = { guids, back };
}

/** @param {string} guid @returns {{before: string | null, after: string | null, at: number, of: number}} */
export function aroundOf(guid) {
  const at = trail.guids.indexOf(guid);
  return {
    before: at > 0 ? trail.guids[at - 1] : null,
    after: at >= 0 && at + 1 < trail.guids.length ? trail.guids[at + 1] : null,
    at: at + 1,
    of: trail.guids.length,
  };
}
