/**
 * Parts of the status: the way from landing to clusters, failures, runs, the encoder.
 * @module
 */
import { h } from '../core/dom.js';
import { ago, count, when, words } from '../core/format.js';

/** @param {any} archive the figures of `heritage status --json` */
export function archiveFlow(archive) {
  const { points, images, embeddings } = archive;
  const steps = /** @type {[string, number, string][]} */ ([
    ['Landed', archive.landed, `in ${count(archive.batches)} ${archive.batches === 1 ? 'batch' : 'batches'}`],
    ['Cleansed', archive.cleansed, notes([[archive.rejected, 'rejected'], [archive.repeated, 'repeated']])],
    ['Pictures', images.OK ?? 0, notes([[images.FAILED, 'failed'], [images.NO_IMAGE, 'without']])],
    ['Embedded', sum(embeddings), notes([[embeddings.FAILED, 'failed'], [embeddings.NO_IMAGE, 'words only']])],
    ['Searchable', points.validated + points.pending, notes([[points.pending, 'to be validated']])],
    ['Duplicate groups', archive.duplicate_groups, ''],
    ['Clusters', archive.clusters, ''],
  ]);
  return h('ul', { class: 'flow', 'aria-label': 'The archive in figures' }, ...steps.map(([name, amount, note]) => h('li', {}, h('span', { class: 'quiet small' }, name), h('span', { class: 'big' }, count(amount)), h('span', { class: 'quiet small' }, note || '\u00a0'))));
}

/** @param {any} status */
export function failureBars({ archive, failures }) {
  const rejected = Object.entries(archive.rejected_by_reason ?? {});
  const reasons = Object.entries(failures.by_reason ?? {});
  const hosts = Object.entries(failures.by_host ?? {});
  const none = rejected.length + reasons.length === 0;
  return h(
    'section',
    { 'aria-labelledby': 'failures-title' },
    h('h2', { id: 'failures-title' }, 'Failures'),
    none && h('p', { class: 'quiet' }, 'None: every record was taken and every picture came.'),
    bars('Pictures by reason', reasons),
    bars('Pictures by host', hosts, (name) => name),
    bars('Rejected records by reason', rejected),
  );
}

/** @param {any[]} runs */
export function runList(runs) {
  const rows = runs.slice(0, 8).map((run) =>
    h(
      'li',
      {},
      h('span', {}, run.url ? h('a', { href: run.url, target: '_blank', rel: 'noopener noreferrer' }, words(run.job)) : words(run.job), run.batch && h('span', { class: 'quiet' }, ` ${run.batch}`)),
      h('span', { class: 'quiet', title: when(run.started_at) }, stateBadge(run.state), ` ${ago(run.started_at)}`),
      run.steps?.length > 0 && h('span', { class: 'quiet' }, run.steps.map((/** @type {any} */ step) => `${words(step.step)}: ${step.state.toLowerCase().replaceAll('_', ' ')}`).join(', ')),
    ),
  );
  return h('section', { 'aria-labelledby': 'runs-title' }, h('h2', { id: 'runs-title' }, 'Last runs'), rows.length ? h('ul', { class: 'bars runs' }, ...rows) : h('p', { class: 'quiet' }, 'No runs are known here.'));
}

/** @param {any} status */
export function encoderFacts({ encoder, vector_store: store, snapshot, lake }) {
  /** @type {[string, any][]} */
  const rows = [
    ['Encoder', h('code', {}, encoder.id || encoder.name)],
    ['State', [words(encoder.state), encoder.problem && h('span', { class: 'bad-text' }, ` ${encoder.problem}`)]],
    ['Vector store', `${words(store.state)} (${store.where})`],
    ['Collection', store.collection && h('code', {}, store.collection)],
    ['Tables read', ago(snapshot.built_at)],
    ['Lake', lake && h('code', {}, lake.uri)],
  ];
  return h('section', { 'aria-labelledby': 'encoder-title' }, h('h2', { id: 'encoder-title' }, 'Encoder and stores'), h('dl', { class: 'facts' }, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
}

/** The tables of the lake: what a developer opens, and at which version the figures above are true. @param {any} status */
export function lakeTables({ lake }) {
  const rows = lake.tables.map((/** @type {any} */ one) =>
    h('tr', {}, h('th', { scope: 'row' }, words(one.table)), h('td', { class: 'number' }, one.rows === null ? '–' : count(one.rows)), h('td', { class: 'number' }, count(one.version)), h('td', { class: 'number' }, count(one.files)), h('td', { title: when(one.written_at) }, ago(one.written_at)), h('td', {}, h('code', {}, one.uri))),
  );
  if (rows.length === 0) return null;
  const heads = [['Table'], ['Rows', 'number'], ['Version', 'number'], ['Files', 'number'], ['Written'], ['Address']];
  return h(
    'section',
    { class: 'status-wide', 'aria-labelledby': 'lake-title' },
    h('h2', { id: 'lake-title' }, 'Lake'),
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Tables of the lake' }, h('table', { class: 'table' }, h('thead', {}, h('tr', {}, ...heads.map(([name, kind]) => h('th', { scope: 'col', class: kind ?? null }, name)))), h('tbody', {}, ...rows))),
  );
}

const TONES = /** @type {Record<string, string>} */ ({ SUCCESS: 'good', FAILURE: 'bad', STARTED: 'accent', STARTING: 'accent', QUEUED: 'accent', CANCELED: 'warn' });

/** @param {string} state */
const stateBadge = (state) => h('span', { class: `badge ${TONES[state] ?? ''}` }, words(state.toLowerCase()));

/** @param {string} title @param {[string, any][]} rows @param {(name: string) => string} [label] */
function bars(title, rows, label = words) {
  if (rows.length === 0) return null;
  const most = Math.max(...rows.map(([, amount]) => amount));
  return h(
    'div',
    { class: 'bar-group' },
    h('h3', {}, title),
    h('ul', { class: 'bars' }, ...rows.map(([name, amount]) => h('li', {}, h('span', {}, label(name)), h('span', { class: 'quiet' }, count(amount)), h('span', { class: 'share', 'aria-hidden': 'true', css: { '--share': amount / most } })))),
  );
}

/** @param {[number | undefined, string][]} parts */
const notes = (parts) => parts.filter(([amount]) => amount).map(([amount, name]) => `${count(amount)} ${name}`).join(', ');

/** @param {Record<string, number>} counts */
const sum = (counts) => Object.values(counts).reduce((total, amount) => total + amount, 0);
