/**
 * What each batch went through, newest first.
 * @module
 */
import { h } from '../core/dom.js';
import { count } from '../core/format.js';
import { address } from '../core/router.js';

const MOST = 200;

/** @param {any[]} batches */
export function batchTable(batches) {
  const heads = ['Batch', 'Way', 'Landed', 'Cleansed', 'Repeated', 'Rejected', 'Pictures', 'Failed', 'Embedded', 'Current'];
  const meaning = /** @type {Record<string, string>} */ ({ Current: 'Validated points whose newest record is of this batch' });
  const rows = batches.toReversed().slice(0, MOST).map(batchRow);
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Batches table' },
    h('table', { class: 'table batches' }, h('thead', {}, h('tr', {}, ...heads.map((head, index) => h('th', { scope: 'col', title: meaning[head], class: index > 1 ? 'number' : '' }, head)))), h('tbody', {}, ...rows)),
    batches.length > MOST && h('p', { class: 'quiet small' }, `The newest ${MOST} of ${count(batches.length)} batches.`),
  );
}

/** @param {any} row */
function batchRow(row) {
  const { OK = 0, FAILED = 0, NO_IMAGE = 0 } = row.images ?? {};
  const embedded = Object.values(row.embeddings ?? {}).reduce((total, /** @type {any} */ amount) => total + amount, 0);
  const validated = row.points?.validated ?? 0;
  const pending = row.points?.pending ?? 0;
  const way = /** @type {[string, number][]} */ ([
    ['cleansed', (row.cleansed + row.rejected + row.repeated) / Math.max(1, row.landed)],
    ['pictures', (OK + FAILED + NO_IMAGE) / Math.max(1, row.cleansed)],
    ['embedded', embedded / Math.max(1, row.cleansed)],
    // Points belong to the newest batch of their record: a batch that later ones replaced has none, and is done all the same.
    ['validated', pending ? validated / (validated + pending) : embedded / Math.max(1, row.cleansed)],
  ]);
  const said = way.map(([name, share]) => `${name} ${Math.round(Math.min(share, 1) * 100)} %`).join(', ');
  const number = (/** @type {number} */ amount, warn = false) => h('td', { class: `number ${warn && amount ? 'bad-text' : ''}` }, count(amount));
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('a', { href: address('search', '', { dataset: row.dataset }) }, row.dataset), h('span', { class: 'quiet line' }, row.batch)),
    h('td', { title: said }, h('span', { class: 'steps', role: 'img', 'aria-label': said }, ...way.map(([, share]) => h('i', { css: { '--share': Math.min(share, 1) } })))),
    number(row.landed),
    number(row.cleansed),
    number(row.repeated),
    number(row.rejected, true),
    number(OK),
    number(FAILED, true),
    number(embedded),
    number(validated),
  );
}
