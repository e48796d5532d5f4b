/**
 * The justified layout: rows of equal height that fill the width, in reading order. Pure arithmetic, no page.
 * @module
 */

/** @typedef {{left: number, top: number, width: number, height: number, row: number}} Box of one picture, without its caption */

const NARROWEST = 0.55;
const WIDEST = 2.6;

/**
 * Place pictures. A row is closed when adding the next picture would make it lower than `target`; whichever side of the target
 * is nearer is taken. The last row keeps the target height.
 * @param {number[]} aspects width / height of each picture
 * @param {{width: number, target: number, gap: number, caption: number}} measures in CSS pixels; `caption` is the height below a picture
 * @returns {{boxes: Box[], height: number}}
 */
export function justify(aspects, { width, target, gap, caption }) {
  /** @type {Box[]} */
  const boxes = [];
  let top = 0;
  let row = 0;
  let start = 0;
  while (start < aspects.length) {
    const { end, height } = fillRow(aspects, start, width, target, gap);
    let left = 0;
    for (let index = start; index < end; index += 1) {
      const wide = clampAspect(aspects[index]) * height;
      boxes.push({ left, top, width: wide, height, row });
      left += wide + gap;
    }
    top += height + caption + gap;
    start = end;
    row += 1;
  }
  return { boxes, height: Math.max(0, top - gap) };
}

/**
 * @param {number[]} aspects @param {number} start @param {number} width @param {number} target @param {number} gap
 * @returns {{end: number, height: number}}
 */
function fillRow(aspects, start, width, target, gap) {
  let sum = 0;
  let before = Infinity;
  for (let end = start; end < aspects.length; end += 1) {
    sum += clampAspect(aspects[end]);
    const height = (width - gap * (end - start)) / sum;
    if (height <= target) {
      const closerWithout = end > start && before - target < target - height;
      return closerWithout ? { end, height: before } : { end: end + 1, height };
    }
    before = height;
  }
  return { end: aspects.length, height: Math.min(before, target) };
}

/** Very tall or wide pictures are cropped, lest they take a row for themselves. @param {number} aspect */
export function clampAspect(aspect) {
  return Number.isFinite(aspect) && aspect > 0 ? Math.min(Math.max(aspect, NARROWEST), WIDEST) : 1;
}

/**
 * The picture to go to from `from` with an arrow key: the neighbour, or the one in the next row whose middle is nearest.
 * @param {Box[]} boxes @param {number} from @param {string} key
 * @returns {number} the same index at the edge
 */
export function neighbour(boxes, from, key) {
  if (!boxes[from]) return from;
  if (key === 'ArrowLeft') return Math.max(0, from - 1);
  if (key === 'ArrowRight') return Math.min(boxes.length - 1, from + 1);
  if (key === 'Home') return 0;
  if (key === 'End') return boxes.length - 1;
  const row = boxes[from].row + (key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0);
  const middle = boxes[from].left + boxes[from].width / 2;
  let best = from;
  let distance = Infinity;
  for (const [index, box] of boxes.entries()) {
    const away = Math.abs(box.left + box.width / 2 - middle);
    if (box.row === row && away < distance) [best, distance] = [index, away];
  }
  return best;
}
