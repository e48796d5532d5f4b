/**
 * The bar at the top: name, views, theme, help.
 * @module
 */
import { fill, h, isTyping } from '../core/dom.js';
import { currentTheme, toggleTheme } from '../core/theme.js';
import { keyTable, openDialog } from './dialog.js';
import { icon } from './icons.js';

/** @type {[string, string, import('./icons.js').IconName][]} */
const VIEWS = [
  ['search', 'Search', 'search'],
  ['map', 'Map', 'map'],
  ['duplicates', 'Duplicates', 'copies'],
  ['review', 'Review', 'review'],
  ['documents', 'Documents', 'pages'],
  ['status', 'Status', 'status'],
];
const PART_OF = /** @type {Record<string, string>} */ ({ record: 'search', filmstrip: 'documents' });

/** @type {[string, string][]} */
const KEYS = [
  ['/', 'to the search field'],
  ['← → ↑ ↓', 'from picture to picture; in a record to the one before or after'],
  ['Enter', 'open the record'],
  ['Esc', 'back'],
  ['+ - 0', 'zoom the picture of a record'],
  ['s v p d', 'review: same, variant, page of, different'],
  ['Space u n', 'review: skip, undo, write a note'],
  ['s m c', 'filmstrip: split before this scan, merge with the one before, confirm the document'],
  ['[ ] n u', 'filmstrip: move the page to the document before or after, next doubt, undo'],
  ['t', 'filmstrip: type a title'],
  ['?', 'this list'],
];

/**
 * @param {HTMLElement} bar
 * @returns {{mark: (view: string) => void, setReviewCount: (open: number) => void, showDocuments: (datasets: number) => void}}
 */
export function buildShell(bar) {
  const count = h('span', { class: 'count', hidden: true });
  const links = new Map(
    VIEWS.map(([view, name, sign]) => [
      view,
      h('a', { href: `#/${view}`, hidden: view === 'documents' }, icon(sign), h('span', {}, name), view === 'review' && count),
    ]),
  );
  fill(
    bar,
    h('a', { class: 'brand', href: '#/search', 'aria-label': 'Heritage, to the start' }, icon('archive'), 'Heritage'),
    h('nav', { class: 'nav', 'aria-label': 'Views' }, ...links.values()),
    h('span', { class: 'tools' }, helpButton(), themeButton()),
  );
  document.addEventListener('keydown', (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '?') showKeys();
    else if (event.key === '/') {
      event.preventDefault();
      focusSearch();
    }
  });
  return {
    mark(view) {
      for (const [name, link] of links) {
        if (name === (PART_OF[view] ?? view)) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
    },
    showDocuments(datasets) {
      links.get('documents')?.toggleAttribute('hidden', datasets === 0);
    },
    setReviewCount(open) {
      count.hidden = !open;
      fill(count, open > 99 ? '99+' : open, h('span', { class: 'sr' }, ' pairs to review'));
    },
  };
}

function focusSearch() {
  const field = document.getElementById('query');
  if (field instanceof HTMLInputElement) field.select();
  else location.hash = '#/search';
}

function showKeys() {
  if (!document.querySelector('dialog[open]')) openDialog('Keys', [keyTable(KEYS)]);
}

function helpButton() {
  const name = 'Keys of this page';
  return h('button', { class: 'button bare icon keys-help', type: 'button', title: name, 'aria-label': name, on: { click: showKeys } }, icon('help'));
}

function themeButton() {
  const button = h('button', { class: 'button bare icon theme', type: 'button' });
  const draw = () => {
    const other = currentTheme() === 'dark' ? 'light' : 'dark';
    button.setAttribute('aria-label', `Use the ${other} theme`);
    button.title = `Use the ${other} theme`;
    fill(button, icon(other === 'dark' ? 'moon' : 'sun'));
  };
  button.addEventListener('click', () => {
    toggleTheme();
    draw();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
  return button;
}
