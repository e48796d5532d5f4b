/**
 * The filter by years: a bar for each decade, and two fields.
 * @module
 */
import { h, setCss } from '../core/dom.js';
import { count } from '../core/format.js';

const MOST_BARS = 48;

/**
 * @param {import('../core/types.js').Facets} facets
 * @param {[number | null, number | null]} chosen
 * @param {(years: [number | null, number | null]) => void} onChange
 */
export function yearFilter(facets, chosen, onChange) {
  const [from, to] = chosen;
  if (facets.years.length === 0 && from === null && to === null) return null;
  const bins = group(facets.years);
  const highest = Math.max(1, ...bins.map((bin) => bin.count));
  const bars = bins.map((bin) => {
    const inside = (from === null || bin.last >= from) && (to === null || bin.first <= to);
    const name = `${bin.first} to ${bin.last}: ${count(bin.count)}`;
    const bar = h('button', { class: 'year-bar', type: 'button', tabindex: -1, title: name, 'aria-label': name, on: { click: () => onChange([bin.first, bin.last]) } }, h('span', {}));
    setCss(bar, { '--share': Math.max(bin.count ? 0.06 : 0, bin.count / highest) });
    bar.classList.toggle('out', !inside);
    return bar;
  });
  const first = yearField('From year', 'years-from', from, facets.year_min);
  const last = yearField('To year', 'years-to', to, facets.year_max);
  const change = () => onChange([number(first), number(last)]);
  first.addEventListener('change', change);
  last.addEventListener('change', change);
  return h('fieldset', { class: 'facet years' }, h('legend', {}, 'Year'), h('div', { class: 'year-bars' }, ...bars), h('div', { class: 'year-fields' }, first, h('span', { 'aria-hidden': 'true' }, 'to'), last));
}

/** Join decades until the bars fit. @param {import('../core/types.js').FacetValue[]} decades */
function group(decades) {
  const rows = decades.map((one) => ({ decade: Number(one.value), count: one.count })).sort((a, b) => a.decade - b.decade);
  if (rows.length === 0) return [];
  const lowest = rows[0].decade;
  const highest = rows[rows.length - 1].decade + 9;
  const width = [10, 20, 50, 100, 200, 500, 1000].find((size) => (highest - lowest) / size <= MOST_BARS) ?? 1000;
  const start = Math.floor(lowest / width) * width;
  const bins = Array.from({ length: Math.floor((highest - start) / width) + 1 }, (_, index) => ({
    first: start + index * width,
    last: start + (index + 1) * width - 1,
    count: 0,
  }));
  for (const row of rows) bins[Math.floor((row.decade - start) / width)].count += row.count;
  return bins;
}

/** @param {string} label @param {string} id @param {number | null} value @param {number | null} bound */
function yearField(label, id, value, bound) {
  return h('input', { class: 'field', id, type: 'number', step: 1, 'aria-label': label, placeholder: bound ?? '', value: value ?? '' });
}

/** @param {HTMLInputElement} field */
const number = (field) => (field.value === '' ? null : Math.trunc(Number(field.value)));
