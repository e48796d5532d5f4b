/**
 * One document: its pages in order, and what can be taken along.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { plural, words } from '../core/format.js';
import { address } from '../core/router.js';
import { icon } from '../ui/icons.js';
import { loading, showError } from '../ui/messages.js';
import { picture } from '../ui/picture.js';
import { outside } from '../record/view.js';

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function documentView(host, route) {
  const leaving = new AbortController();
  const view = h('article', { class: 'view' }, loading('the document'));
  fill(host, view);

  async function load(tries = 0) {
    try {
      const one = await api.pageDocument(route.id, route.params.get('dataset'), leaving.signal);
      document.title = `${one.title} – Heritage archive`;
      draw(view, one);
    } catch (error) {
      if (!api.isAbort(error)) showError(view, error, () => load(tries + 1), leaving.signal, tries);
    }
  }
  load();
  return { leave: () => leaving.abort() };
}

/** @param {HTMLElement} view @param {any} one */
function draw(view, one) {
  const [first] = one.pages_in_order;
  const strip = address('filmstrip', one.dataset, { at: first.place });
  fill(
    view,
    h(
      'nav',
      { class: 'record-nav', 'aria-label': 'Documents' },
      h('a', { class: 'button bare', href: address('documents', '', { dataset: one.dataset }) }, icon('left'), 'Documents'),
      step('left', 'The document before', one.before, one.dataset),
      step('right', 'The document after', one.after, one.dataset),
    ),
    h(
      'header',
      {},
      h('h1', {}, one.title),
      h('p', { class: 'grow chips' }, one.confirmed ? h('span', { class: 'badge good' }, 'Confirmed') : h('span', { class: 'badge warn' }, `Proposed, ${Math.round(one.doubt * 100)} % doubt`), h('span', { class: 'badge' }, plural(one.pages, 'page')), h('span', { class: 'badge mono' }, one.document)),
      h('p', { class: 'chips' }, h('a', { class: 'button', href: strip }, icon('pages'), 'In the filmstrip'), outside(one.manifest, 'IIIF manifest'), h('a', { class: 'button', href: one.pdf, download: '' }, icon('download'), 'PDF')),
    ),
    h(
      'ol',
      { class: 'page-list' },
      ...one.pages_in_order.map((/** @type {any} */ page) =>
        h(
          'li',
          {},
          h('a', { class: 'page-card', href: address('record', page.guid), 'aria-label': `Page ${page.position}` }, h('span', { class: 'page-frame' }, picture(page, { alt: '' })), h('span', { class: 'small' }, String(page.position), ...page.defects.map((/** @type {string} */ name) => h('span', { class: 'badge warn' }, words(name))))),
        ),
      ),
    ),
  );
}

/** @param {'left' | 'right'} sign @param {string} name @param {string | null} id @param {string} dataset */
function step(sign, name, id, dataset) {
  const inside = id ? { href: address('documents', id, { dataset }) } : { 'aria-disabled': 'true', role: 'link' };
  return h('a', { class: 'button bare icon', 'aria-label': name, title: name, ...inside }, icon(sign));
}
