/**
 * Where on the map a person looks: from the map's coordinates to CSS pixels and back.
 * @module
 */

const CLOSEST = 400;
/** The buttons' strip, in CSS pixels; the whole map is shown clear of it. */
const STRIP = 60;

/** @typedef {{left: number, right: number, low: number, high: number}} Extent */

export class Camera {
  /** @param {Extent} extent of all points */
  constructor(extent) {
    this.extent = extent;
    this.width = 1;
    this.height = 1;
    this.x = (extent.left + extent.right) / 2;
    this.y = (extent.low + extent.high) / 2;
    this.zoom = 1;
  }

  /** CSS pixels for one unit of the map; the whole map leaves room for names at the sides and for the buttons. */
  get scale() {
    const wide = Math.max(this.extent.right - this.extent.left, 1e-6);
    const tall = Math.max(this.extent.high - this.extent.low, 1e-6);
    const room = Math.max(this.height - 2 * STRIP, this.height / 2);
    return Math.min((this.width * 0.9) / wide, room / tall) * this.zoom;
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    [this.width, this.height] = [width, height];
  }

  /** @param {number} x @param {number} y @returns {[number, number]} CSS pixels from the top left corner */
  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, this.height / 2 - (y - this.y) * this.scale];
  }

  /** @param {number} px @param {number} py @returns {[number, number]} */
  toMap(px, py) {
    return [(px - this.width / 2) / this.scale + this.x, (this.height / 2 - py) / this.scale + this.y];
  }

  /** @param {number} dx @param {number} dy CSS pixels */
  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
    this.#hold();
  }

  /** Zoom and keep what is under (px, py). @param {number} factor @param {number} [px] @param {number} [py] */
  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toMap(px, py);
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.7), CLOSEST);
    const [nx, ny] = this.toMap(px, py);
    this.x += x - nx;
    this.y += y - ny;
    this.#hold();
  }

  reset() {
    this.zoom = 1;
    this.x = (this.extent.left + this.extent.right) / 2;
    this.y = (this.extent.low + this.extent.high) / 2;
  }

  /** The part of the map that is in sight. @returns {Extent} */
  get sight() {
    const [left, high] = this.toMap(0, 0);
    const [right, low] = this.toMap(this.width, this.height);
    return { left, right, low, high };
  }

  /** Never lose the points from sight. */
  #hold() {
    this.x = Math.min(Math.max(this.x, this.extent.left), this.extent.right);
    this.y = Math.min(Math.max(this.y, this.extent.low), this.extent.high);
  }
}

/** @param {ArrayLike<number>} x @param {ArrayLike<number>} y @returns {Extent} */
export function extentOf(x, y) {
  const extent = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
  for (let index = 0; index < x.length; index += 1) {
    extent.left = Math.min(extent.left, x[index]);
    extent.right = Math.max(extent.right, x[index]);
    extent.low = Math.min(extent.low, y[index]);
    extent.high = Math.max(extent.high, y[index]);
  }
  return x.length ? extent : { left: 0, right: 1, low: 0, high: 1 };
}
