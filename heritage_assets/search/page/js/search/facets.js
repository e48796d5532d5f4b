/**
 * Filters with live counts.
 * @module
 */
import { fill, h } from '../core/dom.js';
import { count, language, rights, words } from '../core/format.js';
import { icon } from '../ui/icons.js';
import { yearFilter } from './years.js';
import { FILTERS, filterCount, noFilters } from './state.js';

/** @typedef {import('./state.js').SearchState} SearchState */
/** @typedef {import('../core/types.js').Facets} Facets */
/** @typedef {import('../core/types.js').FacetValue} FacetValue */

const FEW = 6;
const NAMES = /** @type {Record<string, string>} */ ({
  dataset: 'Dataset',
  provider: 'Provider',
  data_provider: 'Institution',
  type: 'Type',
  language: 'Language',
  country: 'Country',
  rights_category: 'Rights',
  cluster_id: 'Cluster',
  embedding_status: 'Picture',
  creator: 'Creator',
  subject: 'Subject',
});
const PICTURE = /** @type {Record<string, string>} */ ({ OK: 'With picture', NO_IMAGE: 'Without picture', FAILED: 'Picture failed' });

/** A value in words. @param {string} field @param {string} value @param {string | null} [label] */
export function valueName(field, value, label) {
  if (label) return label;
  if (field === 'language') return language(value);
  if (field === 'rights_category') return rights(value);
  if (field === 'embedding_status') return PICTURE[value] ?? words(value);
  return value;
}

/** @param {(change: Partial<SearchState>) => void} onChange */
export function facetPanel(onChange) {
  const body = h('div', { class: 'facets-body' });
  const clear = h('button', { class: 'button bare', type: 'button', hidden: true, on: { click: () => onChange(noFilters()) } }, 'Clear all');
  const close = h('button', { class: 'button bare icon facets-close', type: 'button', 'aria-label': 'Close the filters' }, icon('close'));
  const element = h('aside', { class: 'facets', 'aria-label': 'Filters' }, h('div', { class: 'facets-head' }, h('h2', {}, 'Filters'), clear, close), body);
  /** @type {Set<string>} */
  const opened = new Set();
  /** @type {Map<string, string>} */
  const labels = new Map();

  return {
    element,
    closeButton: close,
    /** Label of a value seen in the counts. @param {string} field @param {string} value */
    label: (field, value) => valueName(field, value, labels.get(`${field}/${value}`)),
    /** @param {Facets} facets @param {SearchState} state */
    show(facets, state) {
      clear.hidden = filterCount(state) === 0;
      const focused = body.contains(document.activeElement) ? document.activeElement?.id : null;
      for (const [field, values] of Object.entries(facets.fields)) {
        for (const one of values) if (one.label) labels.set(`${field}/${one.value}`, one.label);
      }
      const groups = FILTERS.map((field) => facetGroup(field, facets.fields[field] ?? [], state, onChange, opened));
      if (!facets.total && facets.hint) return fill(body, h('p', { class: 'quiet' }, 'Nothing to filter by yet.'));
      groups.splice(2, 0, yearFilter(facets, state.years, (years) => onChange({ years })));
      fill(body, ...groups);
      // The boxes were made anew: the one that had the focus gets it back.
      if (focused) document.getElementById(focused)?.focus();
    },
  };
}

/**
 * @param {string} field @param {FacetValue[]} values @param {SearchState} state
 * @param {(change: Partial<SearchState>) => void} onChange @param {Set<string>} opened
 */
function facetGroup(field, values, state, onChange, opened) {
  const chosen = state.filters[field] ?? [];
  const missing = chosen.filter((value) => !values.some((one) => String(one.value) === value));
  const all = [...values, ...missing.map((value) => ({ value, count: 0, label: null }))];
  // A field of one value narrows nothing.
  if (all.length <= 1 && chosen.length === 0) return null;
  const list = h('ul', {});
  const more = h('button', { class: 'button bare small', type: 'button' });
  const draw = () => {
    const open = opened.has(field);
    const visible = open ? all : all.filter((one, index) => index < FEW || chosen.includes(String(one.value)));
    fill(list, ...visible.map((one) => choice(field, one, chosen, state, onChange)));
    more.hidden = all.length <= FEW;
    more.setAttribute('aria-expanded', String(open));
    fill(more, open ? 'Fewer' : `All ${count(all.length)}`);
  };
  more.addEventListener('click', () => {
    if (!opened.delete(field)) opened.add(field);
    draw();
  });
  draw();
  return h('fieldset', { class: 'facet' }, h('legend', {}, NAMES[field] ?? words(field)), list, more);
}

/**
 * @param {string} field @param {FacetValue} one @param {string[]} chosen @param {SearchState} state
 * @param {(change: Partial<SearchState>) => void} onChange
 */
function choice(field, one, chosen, state, onChange) {
  const value = String(one.value);
  const box = h('input', { type: 'checkbox', id: `facet-${field}-${value}`, checked: chosen.includes(value) });
  box.addEventListener('change', () => {
    const next = box.checked ? [...chosen, value] : chosen.filter((other) => other !== value);
    onChange({ filters: { ...state.filters, [field]: next } });
  });
  return h('li', {}, h('label', { class: 'facet-value' }, box, h('span', {}, valueName(field, value, one.label)), h('span', { class: 'facet-count' }, count(one.count))));
}

/** @param {string} field */
export const fieldName = (field) => NAMES[field] ?? words(field);
