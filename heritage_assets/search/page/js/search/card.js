/**
 * One found record in the grid.
 * @module
 */
import { h } from '../core/dom.js';
import { plural, score, years } from '../core/format.js';
import { address } from '../core/router.js';
import { picture } from '../ui/picture.js';

/** @typedef {import('../core/types.js').Hit} Hit */

const FOUND_BY = /** @type {Record<string, string>} */ ({ identifier: 'inventory number', title: 'title', phrase: 'words' });

/** Width / height of a record's picture; upright for those without. @param {import('../core/types.js').Card} hit */
export const aspectOf = (hit) => (hit.thumbnail && hit.width && hit.height ? hit.width / hit.height : 0.8);

/** @param {Hit} hit @param {URLSearchParams} [back] parameters of the search, for the way back */
export function card(hit, back) {
  const title = hit.title || 'Untitled';
  const when = hit.date || years(hit.year, hit.year);
  const found = FOUND_BY[hit.match];
  return h(
    'a',
    { class: 'card', href: address('record', hit.guid, back), 'aria-label': nameOf(hit, title) },
    h(
      'span',
      { class: 'frame' },
      picture(hit, { alt: '' }),
      h('span', { class: 'marks' }, found && h('span', { class: 'badge accent found-by' }, found), hit.copies > 1 && h('span', { class: 'badge copies' }, plural(hit.copies, 'copy', 'copies'))),
    ),
    h('span', { class: 'card-title' }, title),
    h(
      'span',
      { class: 'card-line' },
      h('span', {}, [hit.creator, when].filter(Boolean).join(', ') || hit.data_provider || hit.dataset),
      hit.score !== null && hit.score !== undefined && !found && h('span', { class: 'mono', title: 'Cosine similarity' }, score(hit.score)),
    ),
  );
}

/** @param {Hit} hit @param {string} title */
function nameOf(hit, title) {
  const parts = [title, hit.creator, hit.date ?? hit.year, hit.copies > 1 ? plural(hit.copies, 'copy', 'copies') : null];
  return parts.filter(Boolean).join(', ');
}
