/**
 * What stands where content would: loading, nothing here, something went wrong.
 * @module
 */
import { fill, h } from '../core/dom.js';
import { ApiError } from '../core/api.js';
import { icon } from './icons.js';

/**
 * @typedef {object} MessageParts
 * @property {import('./icons.js').IconName} icon
 * @property {string} title
 * @property {string} [text]
 * @property {string} [command] something to type in a terminal
 * @property {Node[]} [actions]
 */

/** @param {MessageParts} parts */
export function message({ icon: name, title, text, command, actions = [] }) {
  return h(
    'section',
    { class: 'message' },
    icon(name),
    h('h2', {}, title),
    text && h('p', {}, ...sentence(text)),
    command && h('pre', { tabindex: 0, 'aria-label': 'Commands to type' }, command),
    actions.length > 0 && h('div', { class: 'chips' }, ...actions),
  );
}

/** What the API says, as people write it: a capital, a full stop, commands set apart. @param {string} text @returns {(Node | string)[]} */
export function sentence(text) {
  const said = text.charAt(0).toUpperCase() + text.slice(1) + (/[\p{L}\p{N})`]$/u.test(text) ? '.' : '');
  return said.split('`').map((part, at) => (at % 2 ? h('code', {}, part) : part));
}

/** Nothing was harvested yet. @param {string} [hint] what the API says to do */
export function nothingHarvested(hint) {
  return message({
    icon: 'archive',
    title: 'The archive is still empty',
    text: hint || 'Harvest a collection and run the chain on it. This page shows the records as soon as they are there.',
    command: 'heritage harvest csv objects.csv --dataset mine --id inv_no --title title --image photo\nheritage materialize\n\n# or see it all on the demo museum\nheritage demo',
  });
}

/**
 * Show an error in `host` and, when it will pass, try again by itself: after 2, 4, 8, then every 15 seconds.
 * @param {Element} host
 * @param {unknown} error
 * @param {() => void} again
 * @param {AbortSignal} signal stops trying when the view is left
 * @param {number} [tries]
 */
export function showError(host, error, again, signal, tries = 0) {
  if (signal.aborted) return;
  const { title, text, passes } = explain(error);
  const button = h('button', { class: 'button', type: 'button', on: { click: () => retry() } }, 'Try again');
  const box = message({ icon: 'warning', title, text, actions: [button] });
  box.setAttribute('role', 'alert');
  fill(host, box);
  if (!passes) return;
  const wait = Math.min(2 ** (tries + 1), 15);
  box.append(h('p', { class: 'small' }, `Trying again by itself every few seconds.`));
  const timer = setTimeout(() => retry(), wait * 1000);
  const retry = () => {
    clearTimeout(timer);
    if (!signal.aborted) again();
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}

/** Put an error into words. @param {unknown} error */
export function explain(error) {
  if (!(error instanceof ApiError)) return { title: 'Something went wrong on this page', text: String(error), passes: false };
  const text = error.message;
  if (error.status === 0) return { title: 'The archive can’t be reached', text, passes: true };
  if (error.status === 503) return { title: 'The archive is busy or restarting', text, passes: true };
  if (error.status === 429) return { title: 'Too many questions at once', text, passes: true };
  if (error.status === 404) return { title: 'Not in this archive', text, passes: false };
  if (error.status === 401 || error.status === 403) return { title: 'Not allowed', text, passes: false };
  return { title: 'That can’t be answered', text, passes: error.status >= 500 };
}

/** Grey lines while something loads. @param {string} what */
export function loading(what) {
  return h('p', { class: 'message quiet', role: 'status' }, `Loading ${what} …`);
}
