/**
 * The start: the bar, the views, the router.
 * @module
 */
import * as api from './core/api.js';
import { h } from './core/dom.js';
import { startRouter } from './core/router.js';
import { signInDialog } from './ui/sign-in.js';
import { buildShell } from './ui/shell.js';
import { message } from './ui/messages.js';
import { searchView } from './search/view.js';

/** @typedef {import('./core/router.js').Route} Route */
/** @typedef {import('./core/router.js').View} View */

/** Views but the first are loaded when they are first needed. @type {Record<string, () => Promise<(host: HTMLElement, route: Route) => View>>} */
const LATER = {
  record: async () => (await import('./record/view.js')).recordView,
  duplicates: async () => (await import('./duplicates/view.js')).duplicatesView,
  review: async () => (await import('./review/view.js')).reviewView,
  documents: async () => (await import('./documents/view.js')).documentsView,
  filmstrip: async () => (await import('./documents/filmstrip.js')).filmstripView,
  map: async () => (await import('./map/view.js')).mapView,
  status: async () => (await import('./status/view.js')).statusView,
};
const TITLES = /** @type {Record<string, string>} */ ({ search: 'Search', record: 'Record', duplicates: 'Duplicates', review: 'Review', documents: 'Documents', filmstrip: 'Filmstrip', map: 'Map', status: 'Status' });

/** @param {() => Promise<(host: HTMLElement, route: Route) => View>} load @returns {(host: HTMLElement, route: Route) => View} */
function later(load) {
  return (host, route) => {
    /** @type {View | null} */
    let view = null;
    let left = false;
    let newest = route;
    const making = load();
    const build = async () => {
      const make = await making;
      if (!left) view = make(host, newest);
    };
    build();
    return {
      update(next) {
        newest = next;
        if (view?.update) view.update(next);
        else if (view) {
          view.leave?.();
          host.replaceChildren();
          build();
        }
      },
      leave() {
        left = true;
        view?.leave?.();
      },
    };
  };
}

/** @param {HTMLElement} host */
function missingView(host) {
  const back = h('a', { class: 'button', href: '#/search' }, 'To the search');
  host.append(message({ icon: 'search', title: 'There is no such page', actions: [back] }));
  return {};
}

const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const shell = buildShell(/** @type {HTMLElement} */ (document.getElementById('bar')));
const views = { search: searchView, missing: missingView, ...Object.fromEntries(Object.entries(LATER).map(([name, load]) => [name, later(load)])) };
startRouter(views, main, (route) => {
  shell.mark(route.view);
  document.title = `${TITLES[route.view] ?? 'Not found'} – Heritage archive`;
});

document.addEventListener('review-progress', (event) => shell.setReviewCount(/** @type {CustomEvent<number>} */ (event).detail));

async function lookAround() {
  try {
    const meta = await api.getMeta();
    if (meta.login_needed && meta.role === 'none') signInDialog('This archive is open to people with a key.', () => location.reload());
    shell.showDocuments(meta.documents);
    const queue = await api.reviewQueue(0, 1);
    shell.setReviewCount(queue.progress.open);
  } catch (error) {
    // The views say what is wrong; the bar can do without the count.
    console.info('no count of pairs to review:', error);
  }
}
lookAround();
