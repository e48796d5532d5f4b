/**
 * Areas of the map: a closed line, written short enough for an address, and the records inside.
 * @module
 */
import * as api from '../core/api.js';

/** @typedef {[number, number]} Point in the map's own coordinates */

const MOST_CORNERS = 48;
/** As many records as the API takes by name. */
export const MOST_GUIDS = 5000;

/** @type {Promise<import('../core/types.js').MapData> | null} */
let kept = null;

/** The map, asked for once and kept while it is looked at. @param {{fresh?: boolean}} [how] @returns {Promise<import('../core/types.js').MapData>} */
export function loadMap({ fresh = false } = {}) {
  if (fresh || !kept) {
    kept = api.mapData();
    kept.catch(() => (kept = null));
  }
  return kept;
}

/** Write a line: `x,y` with a few digits, corners separated by `_`. @param {Point[]} line */
export function writeArea(line) {
  const step = Math.max(1, Math.ceil(line.length / MOST_CORNERS));
  return line.filter((_, index) => index % step === 0).map(([x, y]) => `${short(x)},${short(y)}`).join('_');
}

/** @param {string} text @returns {Point[]} empty when it is no area */
export function readArea(text) {
  const line = text.split('_').map((corner) => corner.split(',').map(Number));
  const good = line.length >= 3 && line.every((corner) => corner.length === 2 && corner.every(Number.isFinite));
  return good ? /** @type {Point[]} */ (line) : [];
}

/** Indices of the points inside a line. @param {import('../core/types.js').MapData} map @param {Point[]} line */
export function indicesInside({ x, y }, line) {
  const xs = line.map(([px]) => px);
  const ys = line.map(([, py]) => py);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let index = 0; index < x.length; index += 1) {
    const [px, py] = [x[index], y[index]];
    if (px >= left && px <= right && py >= low && py <= high && inside(px, py, line)) found.push(index);
  }
  return found;
}

/** @param {string} text @param {AbortSignal} signal @returns {Promise<string[]>} guids, at most as many as the API takes */
export async function guidsInside(text, signal) {
  const map = await loadMap();
  signal.throwIfAborted();
  return indicesInside(map, readArea(text)).slice(0, MOST_GUIDS).map((index) => map.guid[index]);
}

/** Even-odd rule: count how often a ray to the right crosses the line. @param {number} px @param {number} py @param {Point[]} line */
function inside(px, py, line) {
  let within = false;
  for (let index = 0, before = line.length - 1; index < line.length; before = index, index += 1) {
    const [ax, ay] = line[index];
    const [bx, by] = line[before];
    if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

/** @param {number} value */
const short = (value) => Number(value.toPrecision(4));
