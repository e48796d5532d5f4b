/**
 * Thumbnails for the map: few at a time, the latest wanted first, the longest unused forgotten.
 * @module
 */
import { imageUrl } from '../core/api.js';

const AT_ONCE = 8;
const KEEP = 1200;

export class ThumbnailCache {
  /** @param {() => void} loaded called when a picture arrived */
  constructor(loaded) {
    this.loaded = loaded;
    /** @type {Map<string, HTMLImageElement | null>} null: can't be had */
    this.pictures = new Map();
    /** @type {Map<string, true>} */
    this.wanted = new Map();
    this.loading = 0;
  }

  /** The picture when it is here; else it is asked for. @param {string} guid */
  get(guid) {
    const picture = this.pictures.get(guid);
    if (picture !== undefined) {
      this.pictures.delete(guid);
      this.pictures.set(guid, picture);
      return picture;
    }
    this.wanted.delete(guid);
    this.wanted.set(guid, true);
    this.#next();
    return null;
  }

  #next() {
    while (this.loading < AT_ONCE && this.wanted.size) {
      const guid = /** @type {string} */ ([...this.wanted.keys()].at(-1));
      this.wanted.delete(guid);
      this.#load(guid);
    }
    // What was wanted long ago is out of sight.
    for (const guid of this.wanted.keys()) {
      if (this.wanted.size <= AT_ONCE * 60) break;
      this.wanted.delete(guid);
    }
  }

  /** @param {string} guid */
  #load(guid) {
    this.loading += 1;
    const image = new Image();
    const done = (/** @type {HTMLImageElement | null} */ picture) => {
      this.loading -= 1;
      this.pictures.set(guid, picture);
      if (this.pictures.size > KEEP) this.pictures.delete(/** @type {string} */ (this.pictures.keys().next().value));
      if (picture) this.loaded();
      this.#next();
    };
    image.addEventListener('load', () => done(image), { once: true });
    image.addEventListener('error', () => done(null), { once: true });
    image.src = imageUrl(guid, 'thumbnail');
  }
}
