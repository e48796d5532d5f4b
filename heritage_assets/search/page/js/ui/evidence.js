/**
 * Why two records are, or may be, one: the figures and the rule.
 * @module
 */
import { h } from '../core/dom.js';
import { score, words } from '../core/format.js';

const TONE = /** @type {Record<string, string>} */ ({ duplicate: 'good', review: 'warn', distinct: 'bad' });

/** @param {import('../core/types.js').Evidence} evidence */
export function evidenceTable(evidence) {
  return h(
    'dl',
    { class: 'evidence' },
    ...row('Pictures', score(evidence.image_cosine), 'cosine of the image vectors', evidence.image_cosine),
    ...row('Descriptions', score(evidence.text_cosine), 'cosine of the text vectors', evidence.text_cosine),
    ...row('Pixels', hashText(evidence.hash_distance), 'bits that differ between the perceptual hashes', hashShare(evidence.hash_distance)),
    h('dt', {}, 'Verdict'),
    h('dd', {}, verdictBadge(evidence.verdict), ' ', h('span', { class: 'quiet' }, evidence.why || words(evidence.rule))),
    evidence.conflict && [h('dt', {}, 'Against it'), h('dd', { class: 'bad-text' }, evidence.conflict)],
  );
}

/** @param {string} verdict */
export const verdictBadge = (verdict) => h('span', { class: `badge ${TONE[verdict] ?? ''}` }, words(verdict));

/** @param {string} name @param {string} value @param {string} title @param {number | null} share 0 to 1, for the bar */
function row(name, value, title, share) {
  const bar = share === null || share === undefined ? null : h('span', { class: 'share', 'aria-hidden': 'true', css: { '--share': Math.min(Math.max(share, 0), 1) } });
  return [h('dt', {}, name), h('dd', { title }, h('span', { class: 'figure' }, value), bar)];
}

/** @param {number | null} distance */
const hashText = (distance) => (distance === null || distance === undefined ? '–' : `${distance} of 64 bits`);

/** @param {number | null} distance */
const hashShare = (distance) => (distance === null || distance === undefined ? null : 1 - distance / 64);
