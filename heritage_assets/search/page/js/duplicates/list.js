/**
 * All groups of duplicates, largest first.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { count, plural, score } from '../core/format.js';
import { address } from '../core/router.js';
import { loading, message, nothingHarvested, showError } from '../ui/messages.js';
import { picture } from '../ui/picture.js';

const PAGE = 48;

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function groupsView(host, route) {
  const leaving = new AbortController();
  const offset = Math.max(0, Math.trunc(Number(route.params.get('offset') ?? 0)) || 0);
  const lead = h('p', { class: 'grow' }, 'Records that show one object. The first of each group represents it in the search.');
  const body = h('div', {}, loading('the groups'));
  fill(host, h('div', { class: 'view' }, h('header', {}, h('h1', {}, 'Duplicates'), lead), body));

  async function load(tries = 0) {
    try {
      const page = await api.groups(offset, PAGE, leaving.signal);
      if (page.groups.length === 0) fill(body, await nothing(page, leaving.signal));
      else fill(body, h('ul', { class: 'group-list' }, ...page.groups.map(entry)), pager(page));
    } catch (error) {
      if (!api.isAbort(error)) showError(body, error, () => load(tries + 1), leaving.signal, tries);
    }
  }
  load();
  return { leave: () => leaving.abort() };
}

/** @param {{hint: string | null}} page @param {AbortSignal} signal */
async function nothing(page, signal) {
  const meta = await api.getMeta(signal);
  if (meta.records === 0) return nothingHarvested(page.hint ?? undefined);
  return message({ icon: 'copies', title: 'No duplicates', text: page.hint || 'No two records show the same object, as far as the rules can tell.' });
}

/** @param {any} group */
function entry(group) {
  const { representative: card } = group;
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'group-card', href: address('duplicates', group.canonical_id) },
      h('span', { class: 'pile', 'aria-hidden': 'true' }, h('span', { class: 'mini-picture' }, picture(card, { alt: '' }))),
      h('span', { class: 'card-title' }, card.title || card.guid),
      h('span', { class: 'card-line' }, h('span', {}, plural(group.size, 'record')), h('span', { class: 'mono', title: 'Weakest similarity in the group' }, score(group.weakest_similarity))),
    ),
  );
}

/** @param {{total: number, offset: number, limit: number, next_offset: number | null}} page */
function pager({ total, offset, limit, next_offset: next }) {
  const last = Math.min(offset + limit, total);
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    offset > 0 && h('a', { class: 'button', href: address('duplicates', '', { offset: Math.max(0, offset - limit) || null }) }, 'Before'),
    h('span', { class: 'quiet' }, `${count(offset + 1)} to ${count(last)} of ${plural(total, 'group')}`),
    next !== null && h('a', { class: 'button', href: address('duplicates', '', { offset: next }) }, 'After'),
  );
}
