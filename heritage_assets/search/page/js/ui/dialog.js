/**
 * Modal dialogs on the browser's own element: focus stays inside, Escape closes, focus returns.
 * @module
 */
import { h } from '../core/dom.js';

/**
 * @param {string} title
 * @param {Node[]} content
 * @param {(close: () => void) => Node[]} [buttons] default: one that closes
 */
export function openDialog(title, content, buttons) {
  const close = () => dialog.close();
  const closing = h('button', { class: 'button', type: 'button', on: { click: close } }, 'Close');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title' },
    h('h2', { id: 'dialog-title' }, title),
    ...content,
    h('menu', {}, ...(buttons ? buttons(close) : [closing])),
  );
  dialog.addEventListener('close', () => dialog.remove(), { once: true });
  dialog.addEventListener('click', (/** @type {MouseEvent} */ event) => event.target === dialog && close());
  dialog.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => event.stopPropagation());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** List keys and what they do. @param {[string, string][]} rows */
export function keyTable(rows) {
  return h('dl', { class: 'keys' }, ...rows.flatMap(([key, meaning]) => [
    h('dt', {}, ...key.split(' ').map((one) => h('kbd', {}, one))),
    h('dd', {}, meaning),
  ]));
}
