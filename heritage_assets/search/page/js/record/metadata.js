/**
 * Everything known of a record, by where it comes from: the description, the source, the picture, the chain that made it.
 * @module
 */
import { h, safeHref } from '../core/dom.js';
import { bytes, count, language, rights, rightsTone, when, words, years } from '../core/format.js';
import { address } from '../core/router.js';

/** @typedef {[string, Node | string | number | null | undefined | false | (Node | string)[]]} Row */

/** The rights statement as a badge that leads to its text. @param {import('../core/types.js').Card} card */
export function rightsBadge({ rights: statement, rights_category: category }) {
  const name = rights(category ?? 'unknown');
  const tone = rightsTone(category ?? 'unknown');
  const link = isWeb(statement);
  return link
    ? h('a', { class: `badge ${tone}`, href: statement, target: '_blank', rel: 'noopener noreferrer license', title: statement }, name)
    : h('span', { class: `badge ${tone}`, title: statement ?? '' }, name);
}

/** @param {any} detail */
export function metadata(detail) {
  return h('div', { class: 'metadata' }, description(detail), source(detail), image(detail), lineage(detail));
}

/** @param {any} detail */
function description({ card, title_by_language: titles, year_from: from, year_to: to, cluster }) {
  const others = Object.entries(titles).flatMap(([code, all]) => all.filter((/** @type {string} */ one) => one !== card.title).map((/** @type {string} */ one) => h('span', { lang: code, class: 'line' }, `${one} `, h('span', { class: 'quiet' }, language(code)))));
  return block('Description', [
    ['Creator', card.creator && filterLink('creator', card.creator, card.creator)],
    ['Date', card.date && years(from, to) && card.date !== years(from, to) ? `${card.date} (${years(from, to)})` : card.date || years(from, to)],
    ['Type', card.type && filterLink('type', card.type, card.type)],
    ['Subjects', card.subject.length > 0 && h('span', { class: 'chips' }, ...card.subject.map((/** @type {string} */ one) => h('a', { class: 'chip', href: address('search', '', { subject: one }) }, h('span', {}, one))))],
    ['Other titles', others.length > 0 && others],
    ['Language', card.language && language(card.language)],
    ['Cluster', cluster && filterLink('cluster_id', cluster.cluster_id, cluster.label || cluster.cluster_id)],
  ]);
}

/** @param {any} detail */
function source({ card, links, lineage: made }) {
  return block('Source', [
    ['Institution', card.data_provider && filterLink('data_provider', card.data_provider, card.data_provider)],
    ['Provider', card.provider && filterLink('provider', card.provider, card.provider)],
    ['Country', card.country && filterLink('country', card.country, card.country)],
    ['Inventory no.', card.identifiers.length > 0 && card.identifiers.join(', ')],
    ['Rights', card.rights && (isWeb(card.rights) ? webLink(card.rights) : card.rights)],
    ['Page', links.provider_page && webLink(links.provider_page)],
    ['Dataset', card.dataset && filterLink('dataset', card.dataset, card.dataset)],
    ['Harvested', when(made.harvested_at)],
    ['Guid', h('code', {}, card.guid)],
  ]);
}

/** @param {any} detail */
function image({ image: facts }) {
  if (facts.status !== 'OK') {
    const why = facts.status === 'NO_IMAGE' ? 'The record names no picture' : facts.status === 'FAILED' ? `Could not be fetched: ${words(facts.reason ?? 'unknown')}` : 'Not fetched yet';
    return block('Picture', [['State', why], ['Detail', facts.detail], ['Address', facts.url && h('code', {}, facts.url)], ['Next attempt', facts.next_attempt_at && when(facts.next_attempt_at)]]);
  }
  return block('Picture', [
    ['Size', facts.width && `${count(facts.width)} × ${count(facts.height)} pixels`],
    ['File', `${facts.media_type ?? '–'}, ${bytes(facts.size_bytes)}`],
    ['Address', facts.url && (isWeb(facts.url) ? webLink(facts.url) : h('code', {}, facts.url))],
    ['Fetched', when(facts.fetched_at)],
    ['SHA-256', h('code', {}, facts.sha256)],
    ['Perceptual hash', h('code', {}, facts.perceptual_hash)],
  ]);
}

/** @param {any} detail */
function lineage({ lineage: made, aliases }) {
  const runs = made.runs.map((/** @type {any} */ run) =>
    h('span', { class: 'line' }, `${words(run.asset)}: `, run.url ? webLink(run.url, run.run_id.slice(0, 8)) : h('code', {}, run.run_id.slice(0, 8)), ` ${when(run.at)}`),
  );
  return block('Lineage', [
    ['Batch', made.batch && h('code', {}, made.batch)],
    ['Harvest', made.source && [made.source, ...Object.entries(made.origin).map(([name, value]) => h('span', { class: 'line quiet' }, `${words(name)}: ${plain(value)}`))]],
    ['Line', made.line],
    ['Encoder', made.encoder && h('code', {}, made.encoder)],
    ['Embedding', made.embedding_status && `${words(made.embedding_status.toLowerCase())}${made.embedding_reason ? `: ${made.embedding_reason}` : ''}, ${when(made.embedded_at)}`],
    ['Prompt', made.prompt && h('q', {}, made.prompt)],
    ['Runs', runs.length > 0 && runs],
    ['First validated', made.first_batch && h('code', {}, made.first_batch)],
    ['Former ids', aliases.length > 0 && aliases.join(', ')],
  ], false);
}

/** @param {string} title @param {Row[]} rows @param {boolean} [open] */
function block(title, rows, open = true) {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== '' && value !== '–');
  if (shown.length === 0) return null;
  return h('details', { class: 'block', open }, h('summary', {}, h('h2', {}, title)), h('dl', {}, ...shown.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, /** @type {any} */ (value))])));
}

/** @param {string} field @param {string} value @param {string} text */
const filterLink = (field, value, text) => h('a', { href: address('search', '', { [field]: value }) }, text);

/** @param {string} href @param {string} [text] */
const webLink = (href, text) => (isWeb(href) ? h('a', { href, target: '_blank', rel: 'noopener noreferrer', class: 'long' }, text ?? href) : text ?? href);

/** @param {string | null | undefined} text */
const isWeb = (text) => Boolean(text && /^https?:\/\//i.test(text) && safeHref(text));

/** @param {unknown} value */
const plain = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
