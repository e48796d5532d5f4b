/**
 * Pictures of records: lazy, with a stand-in where a record has none or it can't be loaded.
 * @module
 */
import { h } from '../core/dom.js';

/**
 * @param {{guid: string, title?: string | null, thumbnail?: string | null, image?: string | null}} record a card of the API
 * @param {{size?: 'thumbnail' | 'image', eager?: boolean, alt?: string}} [how] `alt` empty: the text beside it names the picture
 * @returns {HTMLElement}
 */
export function picture(record, { size = 'thumbnail', eager = false, alt } = {}) {
  const name = record.title || record.guid;
  const source = record[size];
  if (!source) return standIn(name, alt);
  const image = h('img', { class: 'picture', alt: alt ?? name, loading: eager ? 'eager' : 'lazy', decoding: 'async', draggable: 'false' });
  image.addEventListener('error', () => image.replaceWith(standIn(name, alt)), { once: true });
  image.src = source;
  return image;
}

/** The title set in the place of a picture. @param {string} name @param {string} [alt] */
function standIn(name, alt) {
  const label = alt === '' ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': `No picture: ${name}` };
  return h('span', { class: 'no-picture', ...label }, clip(name, 90));
}

/** @param {string} text @param {number} length */
export function clip(text, length) {
  return text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text;
}
