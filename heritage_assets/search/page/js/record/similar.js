/**
 * More like this: by picture, by words, or by both, with the reasons.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { score, words } from '../core/format.js';
import { address } from '../core/router.js';
import { explain, loading, sentence } from '../ui/messages.js';
import { picture } from '../ui/picture.js';
import { radios } from '../ui/radios.js';

/** @type {[string, string][]} */
const WAYS = [
  ['image', 'Picture'],
  ['text', 'Words'],
  ['combined', 'Both'],
];

/** @param {import('../core/types.js').Card} card @param {URLSearchParams} params @param {AbortSignal} leaving */
export function similarSection(card, params, leaving) {
  const host = h('div', { class: 'similar-results' });
  let asking = new AbortController();
  const show = async (/** @type {string} */ by) => {
    asking.abort();
    asking = new AbortController();
    const signal = AbortSignal.any([asking.signal, leaving]);
    if (!host.hasChildNodes()) fill(host, loading('similar records'));
    host.setAttribute('aria-busy', 'true');
    try {
      const answer = await api.similar(card.guid, by, signal);
      if (answer.results.length === 0) fill(host, h('p', { class: 'quiet' }, ...sentence(answer.hint ?? 'nothing like it yet')));
      else fill(host, h('ul', { class: 'strip' }, ...answer.results.map((/** @type {any} */ hit) => entry(hit, params))));
      host.dataset.by = by;
      host.setAttribute('aria-busy', 'false');
    } catch (error) {
      if (api.isAbort(error)) return;
      host.setAttribute('aria-busy', 'false');
      const { text } = explain(error);
      fill(host, h('p', { class: 'notice', role: 'alert' }, ...sentence(text)));
    }
  };
  const first = card.thumbnail ? 'image' : 'text';
  show(first);
  return h(
    'section',
    { class: 'record-section', 'aria-labelledby': 'similar-title' },
    h('div', { class: 'section-head' }, h('h2', { id: 'similar-title' }, 'More like this'), radios('Compare by', card.thumbnail ? WAYS : WAYS.slice(1, 2), first, show)),
    host,
  );
}

const TELLING = ['creator', 'subject', 'type', 'cluster', 'year', 'country'];

/** What two records share that few others do; a common provider says nothing. @param {{field: string, value: string}[]} shared */
function telling(shared) {
  const rank = (/** @type {{field: string}} */ one) => TELLING.indexOf(one.field);
  return shared.filter((one) => rank(one) >= 0).sort((a, b) => rank(a) - rank(b)).slice(0, 2);
}

/** @param {import('../core/types.js').SimilarHit} hit @param {URLSearchParams} params */
function entry(hit, params) {
  const reasons = [
    hit.image_cosine !== null && hit.image_cosine !== undefined && `picture ${score(hit.image_cosine)}`,
    hit.text_cosine !== null && hit.text_cosine !== undefined && `words ${score(hit.text_cosine)}`,
    ...telling(hit.shared ?? []).map(({ field, value }) => `${words(field).toLowerCase()} “${value}”`),
  ].filter(Boolean);
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'mini', href: address('record', hit.guid, params) },
      h('span', { class: 'mini-picture' }, picture(hit, { alt: '' })),
      h('span', { class: 'card-title' }, hit.title || hit.guid),
      h('span', { class: 'card-line' }, h('span', {}, [hit.creator, hit.date || hit.year].filter(Boolean).join(', '))),
    ),
    h('p', { class: 'small quiet reasons' }, reasons.join(' · ')),
  );
}
