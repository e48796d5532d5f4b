/**
 * All documents, in scanning order or the most doubtful first, with the way to the filmstrip.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { count, plural } from '../core/format.js';
import { address } from '../core/router.js';
import { loading, message, showError } from '../ui/messages.js';
import { picture } from '../ui/picture.js';

const PAGE = 48;

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function listView(host, route) {
  const leaving = new AbortController();
  const offset = Math.max(0, Math.trunc(Number(route.params.get('offset') ?? 0)) || 0);
  const wanted = { dataset: route.params.get('dataset'), show: route.params.get('show'), sort: route.params.get('sort') };
  const body = h('div', {}, loading('the documents'));
  const lead = h('p', { class: 'grow' }, 'Scanned pages that belong together. Proposals are computed; what a person has confirmed stays.');
  fill(host, h('div', { class: 'view' }, h('header', {}, h('h1', {}, 'Documents'), lead), body));

  async function load(tries = 0) {
    try {
      const page = await api.documents({ ...wanted, offset, limit: PAGE }, leaving.signal);
      if (page.datasets.length === 0) fill(body, nothing(page.hint));
      else fill(body, datasets(page), choices(wanted), page.total ? h('ul', { class: 'group-list' }, ...page.documents.map(entry)) : message({ icon: 'pages', title: wanted.show === 'confirmed' ? 'None is confirmed yet' : 'All are confirmed' }), pager(page, wanted));
    } catch (error) {
      if (!api.isAbort(error)) showError(body, error, () => load(tries + 1), leaving.signal, tries);
    }
  }
  load();
  return { leave: () => leaving.abort() };
}

/** @param {string | null} hint */
function nothing(hint) {
  return message({ icon: 'pages', title: 'No documents yet', text: hint ?? undefined, command: 'heritage pages group --dataset letters\n\n# or see it on a generated archive\nheritage pages demo' });
}

/** @param {{datasets: any[]}} page */
function datasets({ datasets: all }) {
  return h(
    'ul',
    { class: 'dataset-list' },
    ...all.map((one) =>
      h(
        'li',
        { class: 'panel' },
        h('strong', {}, one.dataset),
        h('span', { class: 'quiet' }, `${plural(one.documents, 'document')} from ${plural(one.scans, 'scan')}, ${count(one.confirmed)} confirmed`),
        h('a', { class: 'button primary', href: address('filmstrip', one.dataset) }, 'Finish in the filmstrip'),
      ),
    ),
  );
}

/** @param {{dataset: string | null, show: string | null, sort: string | null}} wanted */
function choices(wanted) {
  const choice = (/** @type {string} */ name, /** @type {object} */ change, /** @type {boolean} */ chosen) =>
    h('a', { class: 'button', href: address('documents', '', { ...wanted, ...change }), 'aria-current': chosen && 'true' }, name);
  return h(
    'nav',
    { class: 'chips document-choices', 'aria-label': 'Which documents' },
    choice('All', { show: null }, !wanted.show),
    choice('Proposed', { show: 'open' }, wanted.show === 'open'),
    choice('Confirmed', { show: 'confirmed' }, wanted.show === 'confirmed'),
    choice(wanted.sort ? 'In scanning order' : 'Most doubtful first', { sort: wanted.sort ? null : 'doubt' }, false),
  );
}

/** @param {any} one */
function entry(one) {
  const first = one.first ?? { guid: one.document };
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'group-card', href: address('documents', one.document, { dataset: one.dataset }) },
      h('span', { class: 'pile', 'aria-hidden': 'true' }, h('span', { class: 'mini-picture page-picture' }, picture(first, { alt: '' }))),
      h('span', { class: 'card-title' }, one.title),
      h('span', { class: 'card-line' }, h('span', {}, plural(one.pages, 'page')), one.confirmed ? h('span', { class: 'badge good' }, 'Confirmed') : h('span', { class: 'mono', title: 'Doubt' }, `${Math.round(one.doubt * 100)} % doubt`)),
    ),
  );
}

/** @param {any} page @param {object} wanted */
function pager({ total, offset, limit, next_offset: next }, wanted) {
  const to = (/** @type {number} */ place) => address('documents', '', { ...wanted, offset: place || null });
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    offset > 0 && h('a', { class: 'button', href: to(Math.max(0, offset - limit)) }, 'Before'),
    total > 0 && h('span', { class: 'quiet' }, `${count(offset + 1)} to ${count(Math.min(offset + limit, total))} of ${plural(total, 'document')}`),
    next !== null && h('a', { class: 'button', href: to(next) }, 'After'),
  );
}
