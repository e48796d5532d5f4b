/**
 * The search view: question, filters, results.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h, isTyping } from '../core/dom.js';
import { address, go, savedScroll, toParams } from '../core/router.js';
import { message, nothingHarvested, sentence, showError } from '../ui/messages.js';
import { askForm } from './ask.js';
import { aspectOf, card } from './card.js';
import { facetPanel } from './facets.js';
import { createGrid } from './grid.js';
import { guidsInside } from '../map/area.js';
import { unpack } from './own-picture.js';
import { resultBar } from './result-bar.js';
import { saveSearch } from '../ui/save.js';
import { keepTrail } from './trail.js';
import { asksNothing, exportParams, filterCount, filterParams, MOST_SHOWN, noFilters, PAGE, questionParams, readState, writeState } from './state.js';

/** @typedef {import('./state.js').SearchState} SearchState */

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function searchView(host, route) {
  const leaving = new AbortController();
  let asking = new AbortController();
  let state = readState(route.params);
  let offset = 0;
  /** @type {number | null} */
  let nextOffset = null;
  let busy = false;

  const change = (/** @type {Partial<SearchState>} */ part) => go(address('search', '', writeState({ ...state, shown: PAGE, ...part })));
  const ask = askForm(state, change, leaving.signal);
  const facets = facetPanel(change);
  const bar = resultBar(facets, change, exportAs);
  const grid = createGrid({ card: (/** @type {any} */ hit) => card(hit, toParams(writeState(state))), aspect: aspectOf, label: 'Results' });
  const results = h('div', { class: 'results' });
  const more = h('button', { class: 'button more', type: 'button', hidden: true, on: { click: () => loadMore() } }, 'Show more');
  const title = h('h1', {}, 'Look into the archive');
  const top = h('section', { class: 'ask-area' }, title, ask.element);
  const found = h('section', { class: 'found', 'aria-label': 'Results' }, bar.element, results, more);
  const view = h('div', { class: 'view search' }, top, h('div', { class: 'search-body' }, facets.element, found));
  fill(host, view);
  wirePanel(view, facets, bar);

  const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && loadMore(), { rootMargin: '600px' });
  watcher.observe(more);
  document.addEventListener('keydown', onKey, { signal: leaving.signal });

  async function load(tries = 0) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    view.classList.toggle('asked', !asksNothing(state) || filterCount(state) > 0);
    view.setAttribute('aria-busy', 'true');
    more.hidden = true;
    loadFacets(signal);
    try {
      const answer = await question(0, state.shown, signal);
      grid.set([]);
      if (answer.results.length === 0) await showNothing(answer, signal);
      else {
        fill(results, answer.hint && h('p', { class: 'notice', role: 'status' }, ...sentence(answer.hint)), grid.element);
        grid.append(answer.results);
      }
      took(answer);
      bar.show(state, answer);
      window.scrollTo(0, savedScroll());
    } catch (error) {
      if (api.isAbort(error)) return;
      bar.show(state, null);
      showError(results, error, () => load(tries + 1), signal, tries);
    } finally {
      if (!signal.aborted) view.setAttribute('aria-busy', 'false');
    }
  }

  async function loadMore() {
    if (busy || nextOffset === null || grid.items.length >= MOST_SHOWN) return;
    busy = true;
    const { signal } = asking;
    try {
      const answer = await question(offset, PAGE, signal);
      grid.append(answer.results);
      took(answer);
      state = { ...state, shown: Math.min(Math.ceil(grid.items.length / PAGE) * PAGE, MOST_SHOWN) };
      go(address('search', '', writeState(state)), { replace: true, silent: true });
    } catch (error) {
      if (!api.isAbort(error)) more.hidden = false;
    } finally {
      busy = false;
    }
  }

  /** @param {'csv' | 'jsonl' | 'parquet'} form */
  async function exportAs(form) {
    const { signal } = leaving;
    const guids = await guidsOf(state, signal);
    const picture = state.picture ? unpack(state.picture) : null;
    await saveSearch({ params: exportParams(state), picture, guids }, form, signal);
  }

  /** @param {number} from @param {number} limit @param {AbortSignal} signal */
  const question = (from, limit, signal) => collect(state, from, limit, signal);

  /** @param {{next_offset: number | null}} answer */
  function took(answer) {
    nextOffset = answer.next_offset;
    offset = nextOffset ?? 0;
    more.hidden = nextOffset === null || grid.items.length >= MOST_SHOWN;
    keepTrail(grid.items.map((/** @type {any} */ hit) => hit.guid), address('search', '', writeState(state)));
  }

  async function loadFacets(/** @type {AbortSignal} */ signal) {
    try {
      facets.show(await api.facets({ params: filterParams(state), guids: await guidsOf(state, signal) }, signal), state);
      bar.relabel(state);
    } catch (error) {
      // The results say what is wrong; the filters stay as they are until the next answer.
      if (!api.isAbort(error)) console.info('no filter counts:', error);
    }
  }

  /** @param {{hint: string | null}} answer @param {AbortSignal} signal */
  async function showNothing(answer, signal) {
    const meta = await api.getMeta(signal);
    if (meta.records === 0) fill(results, nothingHarvested(answer.hint ?? meta.hint));
    else {
      const advice = answer.hint ?? (await api.facets({ params: filterParams(state) }, signal)).hint;
      const clear = h('button', { class: 'button', type: 'button', on: { click: () => change(noFilters()) } }, 'Without filters');
      const text = advice ?? 'Other words, or fewer filters, may find something.';
      fill(results, message({ icon: 'search', title: 'Nothing found', text, actions: filterCount(state) ? [clear] : [] }));
    }
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key === 'Escape') {
      if (view.classList.contains('facets-open')) facets.closeButton.click();
      else if (isTyping(event)) {
        // A search field would empty itself, and with it the question.
        event.preventDefault();
        /** @type {HTMLElement} */ (event.target).blur();
      } else if (!asksNothing(state) || filterCount(state)) change({ text: '', like: '', picture: '', ...noFilters() });
    } else if (['ArrowDown', 'ArrowRight'].includes(event.key) && event.target === document.body && grid.items.length) {
      event.preventDefault();
      grid.focus(0);
    }
  }

  load();
  return {
    update(next) {
      state = readState(next.params);
      ask.show(state);
      load();
    },
    leave() {
      leaving.abort();
      asking.abort();
      watcher.disconnect();
      grid.stop();
    },
  };
}

/**
 * Ask page after page, since the API limits what one answer holds.
 * @param {SearchState} state @param {number} from @param {number} wanted @param {AbortSignal} signal
 */
async function collect(state, from, wanted, signal) {
  const picture = state.picture ? unpack(state.picture) : null;
  const guids = await guidsOf(state, signal);
  const ask = (/** @type {number} */ offset) => api.search({ params: questionParams(state, offset, PAGE), picture, guids }, signal);
  if (guids?.length === 0) return { results: [], total: 0, next_offset: null, hint: 'No record lies in this area of the map.' };
  const answer = await ask(from);
  while (answer.next_offset !== null && answer.results.length < wanted) {
    const next = await ask(answer.next_offset);
    answer.results.push(...next.results);
    answer.next_offset = next.next_offset;
  }
  return answer;
}

/** The records of an area of the map; null without one. @param {SearchState} state @param {AbortSignal} signal */
const guidsOf = async (state, signal) => (state.area ? guidsInside(state.area, signal) : null);

/** On narrow screens the filters lie over the results. @param {HTMLElement} view @param {any} facets @param {any} bar */
function wirePanel(view, facets, bar) {
  const set = (/** @type {boolean} */ open) => {
    view.classList.toggle('facets-open', open);
    bar.filterButton.setAttribute('aria-expanded', String(open));
    (open ? facets.closeButton : bar.filterButton).focus();
  };
  bar.filterButton.addEventListener('click', () => set(true));
  facets.closeButton.addEventListener('click', () => set(false));
}

