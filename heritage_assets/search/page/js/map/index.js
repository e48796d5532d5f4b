/**
 * Points by place: a grid of cells, so that hovering over 100,000 points looks at a few.
 * @module
 */

const PER_CELL = 8;

export class PlaceIndex {
  /** @param {ArrayLike<number>} x @param {ArrayLike<number>} y @param {import('./camera.js').Extent} extent */
  constructor(x, y, extent) {
    this.x = x;
    this.y = y;
    this.extent = extent;
    this.side = Math.max(1, Math.ceil(Math.sqrt(x.length / PER_CELL)));
    const counts = new Uint32Array(this.side * this.side + 1);
    for (let index = 0; index < x.length; index += 1) counts[this.#cell(x[index], y[index]) + 1] += 1;
    for (let cell = 0; cell < counts.length - 1; cell += 1) counts[cell + 1] += counts[cell];
    this.starts = counts;
    this.order = new Uint32Array(x.length);
    const next = counts.slice();
    for (let index = 0; index < x.length; index += 1) this.order[next[this.#cell(x[index], y[index])]++] = index;
  }

  /** The nearest point within `radius`; -1 when there is none. @param {number} px @param {number} py @param {number} radius in the map's units */
  nearest(px, py, radius) {
    let best = -1;
    let distance = radius * radius;
    this.visit({ left: px - radius, right: px + radius, low: py - radius, high: py + radius }, (index) => {
      const away = (this.x[index] - px) ** 2 + (this.y[index] - py) ** 2;
      if (away <= distance) [best, distance] = [index, away];
    });
    return best;
  }

  /**
   * Points in an extent, until `most` are found.
   * @param {import('./camera.js').Extent} extent @param {number} most @returns {number[] | null} null when there are more
   */
  within({ left, right, low, high }, most) {
    /** @type {number[]} */
    const found = [];
    const whole = this.visit({ left, right, low, high }, (index) => {
      const [x, y] = [this.x[index], this.y[index]];
      if (x >= left && x <= right && y >= low && y <= high) found.push(index);
      return found.length <= most;
    });
    return whole ? found : null;
  }

  /**
   * Call `look` with every point of the cells that an extent touches; it stops by returning false.
   * @param {import('./camera.js').Extent} extent @param {(index: number) => boolean | void} look
   * @returns {boolean} whether it came to the end
   */
  visit({ left, right, low, high }, look) {
    const [firstColumn, lastColumn] = [this.#column(left), this.#column(right)];
    const [firstRow, lastRow] = [this.#row(low), this.#row(high)];
    for (let row = firstRow; row <= lastRow; row += 1) {
      const end = this.starts[row * this.side + lastColumn + 1];
      for (let at = this.starts[row * this.side + firstColumn]; at < end; at += 1) {
        if (look(this.order[at]) === false) return false;
      }
    }
    return true;
  }

  /** @param {number} x @param {number} y */
  #cell(x, y) {
    return this.#row(y) * this.side + this.#column(x);
  }

  /** @param {number} x */
  #column(x) {
    return this.#slot((x - this.extent.left) / (this.extent.right - this.extent.left || 1));
  }

  /** @param {number} y */
  #row(y) {
    return this.#slot((y - this.extent.low) / (this.extent.high - this.extent.low || 1));
  }

  /** @param {number} share */
  #slot(share) {
    return Math.min(this.side - 1, Math.max(0, Math.floor(share * this.side)));
  }
}
