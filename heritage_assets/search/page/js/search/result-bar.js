/**
 * Above the results: how many, what narrows them, order, copies.
 * @module
 */
import { fill, h } from '../core/dom.js';
import { count, plural } from '../core/format.js';
import { icon } from '../ui/icons.js';
import { saveMenu } from '../ui/save.js';
import { copyText } from '../ui/toast.js';
import { fieldName } from './facets.js';
import { asksNothing, filterCount } from './state.js';

/** @typedef {import('./state.js').SearchState} SearchState */

/** @type {[string, string][]} */
const SORTS = [
  ['', 'Best first'],
  ['year', 'Oldest first'],
  ['-year', 'Newest first'],
  ['title', 'Title'],
  ['guid', 'Guid'],
];

/**
 * @param {{label: (field: string, value: string) => string}} facets @param {(change: Partial<SearchState>) => void} onChange
 * @param {(form: import('../ui/save.js').Form) => Promise<void>} save
 */
export function resultBar(facets, onChange, save) {
  const total = h('p', { class: 'total', role: 'status' });
  const chips = h('div', { class: 'chips' });
  const filterButton = h('button', { class: 'button filter-button', type: 'button', 'aria-expanded': 'false' }, icon('filter'), 'Filters');
  const sort = h('select', { class: 'field', 'aria-label': 'Order', on: { change: () => onChange({ sort: sort.value }) } }, ...SORTS.map(([value, name]) => h('option', { value }, name)));
  const copies = h('input', { type: 'checkbox', on: { change: () => onChange({ copies: copies.checked }) } });
  const share = h('button', { class: 'button bare icon', type: 'button', 'aria-label': 'Copy the address of this search', title: 'Copy the address of this search', on: { click: () => copyText(location.href, 'Address') } }, icon('link'));
  const element = h(
    'div',
    { class: 'result-bar' },
    h('div', { class: 'result-line' }, total, h('div', { class: 'result-tools' }, filterButton, h('label', { class: 'check' }, copies, 'Every copy'), sort, saveMenu(save), share)),
    chips,
  );

  /** @param {SearchState} state */
  const relabel = (state) => {
    const [from, to] = state.years;
    const values = Object.entries(state.filters).flatMap(([field, all]) => all.map((value) => ({ field, value })));
    fill(
      chips,
      ...values.map(({ field, value }) =>
        chip(`${fieldName(field)}: ${facets.label(field, value)}`, () =>
          onChange({ filters: { ...state.filters, [field]: state.filters[field].filter((other) => other !== value) } }),
        ),
      ),
      (from !== null || to !== null) && chip(`Years ${from ?? '…'} to ${to ?? '…'}`, () => onChange({ years: [null, null] })),
      state.area && chip('Area of the map', () => onChange({ area: '' })),
    );
    chips.hidden = !chips.hasChildNodes();
    fill(filterButton, icon('filter'), filterCount(state) ? `Filters (${filterCount(state)})` : 'Filters');
  };

  return {
    element,
    filterButton,
    relabel,
    /** @param {SearchState} state @param {{total: number | null, results: unknown[], next_offset: number | null} | null} answer */
    show(state, answer) {
      sort.value = state.sort;
      copies.checked = state.copies;
      sort.options[0].textContent = asksNothing(state) ? 'As harvested' : 'Best first';
      relabel(state);
      fill(total, answer ? summary(state, answer) : '');
    },
  };
}

/** @param {SearchState} state @param {{total: number | null, results: unknown[], next_offset: number | null}} answer */
function summary(state, answer) {
  const noun = state.copies ? 'record' : 'object';
  if (answer.total === null) return answer.next_offset === null ? plural(answer.results.length, noun) : `The nearest ${noun}s`;
  const many = plural(answer.total, noun);
  return asksNothing(state) ? many : [h('strong', {}, 'Nearest first'), ` of ${count(answer.total)} ${noun}${answer.total === 1 ? '' : 's'}`];
}

/** @param {string} text @param {() => void} remove */
function chip(text, remove) {
  return h('button', { class: 'chip', type: 'button', 'aria-label': `Remove the filter ${text}`, on: { click: remove } }, h('span', {}, text), icon('close'));
}
