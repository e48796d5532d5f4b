/**
 * The other records of the same object, with what speaks for it.
 * @module
 */
import { h } from '../core/dom.js';
import { plural, score } from '../core/format.js';
import { address } from '../core/router.js';
import { verdictBadge } from '../ui/evidence.js';
import { icon } from '../ui/icons.js';
import { picture } from '../ui/picture.js';

/** @param {any} detail */
export function copiesSection({ card, duplicates, evidence }) {
  if (duplicates.length === 0) return null;
  const rows = duplicates.map((/** @type {import('../core/types.js').Card} */ copy) => {
    const pair = evidence.find((/** @type {any} */ one) => one.guid_a === copy.guid || one.guid_b === copy.guid);
    return h(
      'li',
      {},
      h(
        'a',
        { class: 'mini', href: address('record', copy.guid) },
        h('span', { class: 'mini-picture' }, picture(copy, { alt: '' })),
        h('span', { class: 'card-title' }, copy.title || copy.guid),
        h('span', { class: 'card-line' }, h('span', {}, copy.data_provider || copy.dataset)),
      ),
      h('p', { class: 'small quiet' }, pair ? [verdictBadge(pair.verdict), ` pictures ${score(pair.image_cosine)}`] : 'joined through another copy'),
    );
  });
  return h(
    'section',
    { class: 'record-section', 'aria-labelledby': 'copies-title' },
    h('div', { class: 'section-head' }, h('h2', { id: 'copies-title' }, `${plural(duplicates.length, 'other record', 'other records')} of this object`), h('a', { class: 'button', href: address('duplicates', card.canonical_id) }, icon('copies'), 'Compare')),
    h('ul', { class: 'strip' }, ...rows),
  );
}
