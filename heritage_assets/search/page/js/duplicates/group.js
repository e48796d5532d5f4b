/**
 * One group of duplicates: its members, two of them against each other, and the evidence of every pair.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { language, plural, rights, score, when, words } from '../core/format.js';
import { address, go } from '../core/router.js';
import { evidenceTable, verdictBadge } from '../ui/evidence.js';
import { icon } from '../ui/icons.js';
import { explain, loading, showError } from '../ui/messages.js';
import { picture } from '../ui/picture.js';
import { outside } from '../record/view.js';
import { comparison } from './compare.js';

/** @typedef {import('../core/types.js').Card} Card */
/** @typedef {import('./compare.js').Mode} Mode */

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function groupView(host, route) {
  const leaving = new AbortController();
  const view = h('div', { class: 'view group' }, loading('the group'));
  let params = route.params;
  /** @type {any} */
  let group = null;
  let stop = () => {};
  let drawing = new AbortController();
  fill(host, view);

  const choose = (/** @type {Record<string, string>} */ change) => {
    const next = new URLSearchParams(params);
    for (const [name, value] of Object.entries(change)) next.set(name, value);
    go(address('duplicates', route.id, next), { replace: true });
  };
  const draw = () => {
    stop();
    drawing.abort();
    drawing = new AbortController();
    stop = drawGroup(view, group, params, choose, drawing.signal);
  };
  async function load(tries = 0) {
    try {
      group = await api.group(route.id, leaving.signal);
      draw();
    } catch (error) {
      if (!api.isAbort(error)) showError(view, error, () => load(tries + 1), leaving.signal, tries);
    }
  }
  load();
  return {
    update(next) {
      params = next.params;
      if (group) draw();
    },
    leave() {
      leaving.abort();
      drawing.abort();
      stop();
    },
  };
}

/**
 * @param {HTMLElement} view @param {any} group @param {URLSearchParams} params
 * @param {(change: Record<string, string>) => void} choose @param {AbortSignal} signal
 * @returns {() => void} stops what moves
 */
function drawGroup(view, group, params, choose, signal) {
  const members = /** @type {Card[]} */ (group.members);
  const byGuid = new Map(members.map((one) => [one.guid, one]));
  const a = byGuid.get(params.get('a') ?? '') ?? members.find((one) => one.is_representative) ?? members[0];
  const b = byGuid.get(params.get('b') ?? '') ?? members.find((one) => one !== a) ?? a;
  const evidence = h('div', { class: 'pair-evidence' });
  showEvidence(evidence, group, a.guid, b.guid, signal);
  const compared = comparison(a, b, { mode: /** @type {Mode} */ (params.get('mode') ?? 'side'), onMode: (mode) => choose({ mode }) });
  fill(
    view,
    h('nav', { class: 'record-nav', 'aria-label': 'Groups' }, h('a', { class: 'button bare', href: '#/duplicates' }, icon('left'), 'All groups')),
    h(
      'header',
      {},
      h('h1', { class: 'grow' }, group.representative.title || group.canonical_id),
      h('p', {}, `${plural(group.size, 'record')} of one object, weakest similarity ${score(group.weakest_similarity)}`),
      outside(`/iiif/group/${encodeURIComponent(group.canonical_id)}/manifest.json`, 'IIIF manifest'),
    ),
    h(
      'div',
      { class: 'compare-body' },
      compared.element,
      h('section', { class: 'compare-why', 'aria-label': 'Evidence' }, h('h2', {}, 'Evidence'), evidence, differences(a, b)),
    ),
    h('h2', {}, 'Members'),
    h('ul', { class: 'strip members' }, ...members.map((one) => member(one, a, b, choose))),
    decisions(group.decisions ?? []),
    pairTable(group, byGuid, choose),
  );
  return compared.stop;
}

/**
 * Stored evidence at once; for a pair that is not stored the server judges it as a run would.
 * @param {HTMLElement} host @param {any} group @param {string} a @param {string} b @param {AbortSignal} signal
 */
async function showEvidence(host, group, a, b, signal) {
  const stored = evidenceOf(group, a, b);
  if (stored) return fill(host, evidenceTable(stored));
  if (a === b) return fill(host, h('p', { class: 'quiet' }, 'Choose two records to compare.'));
  fill(host, h('p', { class: 'quiet' }, 'Judging this pair …'));
  try {
    const judged = await api.pair(a, b, signal);
    const lines = judged.answer.map((/** @type {string} */ line) => h('p', { class: 'small quiet' }, line));
    fill(host, evidenceTable(judged), ...lines);
  } catch (error) {
    if (!api.isAbort(error)) fill(host, h('p', { class: 'quiet' }, explain(error).text));
  }
}

/** @param {any} group @param {string} a @param {string} b */
const evidenceOf = (group, a, b) =>
  group.evidence.find((/** @type {any} */ one) => (one.guid_a === a && one.guid_b === b) || (one.guid_a === b && one.guid_b === a)) ?? null;

/** @param {Card} one @param {Card} a @param {Card} b @param {(change: Record<string, string>) => void} choose */
function member(one, a, b, choose) {
  const pick = (/** @type {'a' | 'b'} */ side, /** @type {Card} */ now) =>
    h('button', { class: 'button small', type: 'button', 'aria-pressed': String(now === one), 'aria-label': `Compare ${one.title || one.guid} as ${side.toUpperCase()}`, on: { click: () => choose({ [side]: one.guid }) } }, side.toUpperCase());
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'mini', href: address('record', one.guid) },
      h('span', { class: 'mini-picture' }, picture(one, { alt: '' })),
      h('span', { class: 'card-title' }, one.title || one.guid),
      h('span', { class: 'card-line' }, h('span', {}, one.data_provider || one.dataset)),
    ),
    h('p', { class: 'chips' }, pick('a', a), pick('b', b), one.is_representative && h('span', { class: 'badge accent' }, 'represents the group')),
  );
}

/** @type {[string, (card: Card) => string | null | undefined][]} */
const COMPARED = [
  ['Title', (card) => card.title],
  ['Creator', (card) => card.creator],
  ['Date', (card) => card.date],
  ['Type', (card) => card.type],
  ['Institution', (card) => card.data_provider || card.provider],
  ['Inventory no.', (card) => card.identifiers.join(', ')],
  ['Dataset', (card) => card.dataset],
  ['Language', (card) => card.language && language(card.language)],
  ['Rights', (card) => rights(card.rights_category ?? 'unknown')],
  ['Pixels', (card) => (card.width ? `${card.width} × ${card.height}` : null)],
];

/** What the two records say differently. @param {Card} a @param {Card} b */
export function differences(a, b) {
  const rows = COMPARED.map(([name, read]) => [name, read(a) || '–', read(b) || '–']);
  return h(
    'table',
    { class: 'table differences' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'sr' }, 'Field')), h('th', { scope: 'col' }, 'A'), h('th', { scope: 'col' }, 'B'))),
    h('tbody', {}, ...rows.map(([name, left, right]) => h('tr', { class: left === right ? '' : 'differs' }, h('th', { scope: 'row' }, name), h('td', {}, left), h('td', {}, left === right ? h('span', { class: 'quiet' }, 'the same') : right)))),
  );
}

/** @param {import('../core/types.js').Decision[]} all */
function decisions(all) {
  if (all.length === 0) return null;
  const rows = all.map((one) => h('li', {}, h('span', { class: 'badge' }, words(one.decision)), ` ${one.reviewer ?? 'somebody'}, ${when(one.decided_at)} `, one.note && h('q', {}, one.note), ' ', h('span', { class: 'quiet' }, words(one.state))));
  return h('section', { class: 'record-section' }, h('h2', {}, 'Decisions'), h('ul', { class: 'lines' }, ...rows));
}

/** @param {any} group @param {Map<string, Card>} byGuid @param {(change: Record<string, string>) => void} choose */
function pairTable(group, byGuid, choose) {
  if (group.evidence.length < 2) return null;
  const name = (/** @type {string} */ guid) => byGuid.get(guid)?.title || guid;
  const rows = group.evidence.map((/** @type {import('../core/types.js').Evidence} */ one) =>
    h(
      'tr',
      {},
      h('td', {}, name(one.guid_a), h('span', { class: 'quiet' }, ' and '), name(one.guid_b)),
      h('td', { class: 'number' }, score(one.image_cosine)),
      h('td', { class: 'number' }, score(one.text_cosine)),
      h('td', { class: 'number' }, one.hash_distance ?? '–'),
      h('td', {}, verdictBadge(one.verdict)),
      h('td', {}, h('button', { class: 'button small', type: 'button', on: { click: () => choose({ a: one.guid_a, b: one.guid_b }) } }, 'Compare', h('span', { class: 'sr' }, ` ${name(one.guid_a)} and ${name(one.guid_b)}`))),
    ),
  );
  const heads = ['Pair', 'Pictures', 'Words', 'Pixels', 'Verdict'];
  return h(
    'section',
    { class: 'record-section' },
    h('h2', {}, 'Every pair'),
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Evidence of every pair' }, h('table', { class: 'table' }, h('thead', {}, h('tr', {}, ...heads.map((one) => h('th', { scope: 'col' }, one)), h('th', {}, h('span', { class: 'sr' }, 'Compare')))), h('tbody', {}, ...rows))),
  );
}
