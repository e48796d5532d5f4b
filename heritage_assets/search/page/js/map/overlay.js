/**
 * What lies over the points: pictures when few are in sight, names of clusters, the lasso, a ring around the point in hand.
 * @module
 */
import { ThumbnailCache } from './thumbnails.js';

/** @typedef {import('./camera.js').Camera} Camera */
/** @typedef {import('../core/types.js').MapData} MapData */

const MOST_PICTURES = 400;
const LABEL = '500 14px "Iowan Old Style", "Palatino Linotype", Palatino, "Noto Serif", Georgia, serif';

export class Overlay {
  /** @param {HTMLCanvasElement} canvas @param {MapData} map @param {import('./index.js').PlaceIndex} places @param {() => void} redraw */
  constructor(canvas, map, places, redraw) {
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.map = map;
    this.places = places;
    this.thumbnails = new ThumbnailCache(redraw);
    /** @type {[number, number][]} */
    this.line = [];
    this.held = -1;
  }

  /** @param {Camera} camera @param {{ink: string, paper: string, accent: string}} colours */
  draw(camera, colours) {
    const { context } = this;
    const ratio = context.canvas.width / camera.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    this.#pictures(camera, colours);
    this.#names(camera, colours);
    this.#lasso(camera, colours);
    if (this.held >= 0) this.#ring(camera, colours);
  }

  /** @param {Camera} camera @param {{paper: string}} colours */
  #pictures(camera, { paper }) {
    const inSight = this.places.within(camera.sight, MOST_PICTURES);
    if (!inSight?.length) return;
    const room = Math.sqrt((camera.width * camera.height) / inSight.length);
    const size = Math.min(112, Math.max(34, room * 0.62));
    const taken = new Set();
    for (const index of inSight) {
      if (!this.map.ratio[index]) continue;
      const [px, py] = camera.toScreen(this.map.x[index], this.map.y[index]);
      const slot = `${Math.round(px / (size * 0.55))}/${Math.round(py / (size * 0.55))}`;
      if (taken.has(slot)) continue;
      taken.add(slot);
      const image = this.thumbnails.get(this.map.guid[index]);
      if (!image) continue;
      const ratio = this.map.ratio[index];
      const [wide, tall] = ratio > 1 ? [size, size / ratio] : [size * ratio, size];
      this.context.fillStyle = paper;
      this.context.fillRect(px - wide / 2 - 1.5, py - tall / 2 - 1.5, wide + 3, tall + 3);
      this.context.drawImage(image, px - wide / 2, py - tall / 2, wide, tall);
    }
  }

  /** Larger clusters first; a name that would lie on another is left out. @param {Camera} camera @param {{ink: string, paper: string}} colours */
  #names(camera, { ink, paper }) {
    const { context } = this;
    context.font = LABEL;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    /** @type {[number, number, number, number][]} */
    const placed = [];
    for (const cluster of this.map.clusters) {
      if (cluster.x === null || cluster.y === null || !cluster.label) continue;
      const [at, py] = camera.toScreen(cluster.x, cluster.y);
      if (at < 0 || at > camera.width || py < 0 || py > camera.height) continue;
      const half = context.measureText(cluster.label).width / 2 + 8;
      const px = Math.min(Math.max(at, half), Math.max(half, camera.width - half));
      const box = /** @type {[number, number, number, number]} */ ([px - half, py - 12, px + half, py + 12]);
      if (placed.some((other) => meet(box, other))) continue;
      placed.push(box);
      context.strokeStyle = paper;
      context.globalAlpha = 0.9;
      context.lineWidth = 5;
      context.strokeText(cluster.label, px, py);
      context.globalAlpha = 1;
      context.fillStyle = ink;
      context.fillText(cluster.label, px, py);
    }
  }

  /** @param {Camera} camera @param {{accent: string}} colours */
  #lasso(camera, { accent }) {
    if (this.line.length < 2) return;
    const { context } = this;
    context.beginPath();
    for (const [x, y] of this.line) context.lineTo(...camera.toScreen(x, y));
    context.closePath();
    context.strokeStyle = accent;
    context.fillStyle = accent;
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    context.stroke();
    context.setLineDash([]);
  }

  /** @param {Camera} camera @param {{accent: string}} colours */
  #ring(camera, { accent }) {
    const [px, py] = camera.toScreen(this.map.x[this.held], this.map.y[this.held]);
    this.context.beginPath();
    this.context.arc(px, py, 9, 0, Math.PI * 2);
    this.context.strokeStyle = accent;
    this.context.lineWidth = 2.5;
    this.context.stroke();
  }
}

/** @param {[number, number, number, number]} a @param {[number, number, number, number]} b */
const meet = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];
