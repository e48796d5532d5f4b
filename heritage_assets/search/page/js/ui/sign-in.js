/**
 * Asking for a key, where the archive wants one.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { openDialog } from './dialog.js';
import { toast } from './toast.js';

/** @param {string} reason @param {() => void} [then] */
export function signInDialog(reason, then) {
  if (document.querySelector('dialog[open]')) return;
  const key = h('input', { class: 'field', type: 'password', autocomplete: 'current-password', required: true, maxlength: 500 });
  const problem = h('p', { class: 'bad-text', role: 'alert' });
  const form = h('form', { class: 'sign-in' }, h('label', { class: 'labelled' }, h('span', {}, 'Key'), key), problem);
  const submit = async (/** @type {() => void} */ close) => {
    try {
      const who = await api.signIn(key.value);
      close();
      toast(`Signed in${who.name ? ` as ${who.name}` : ''}: ${who.role}`);
      then?.();
    } catch (error) {
      fill(problem, error instanceof api.ApiError ? error.message : String(error));
    }
  };
  openDialog('A key is needed', [h('p', { class: 'quiet' }, reason), form], (close) => {
    form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      submit(close);
    });
    return [
      h('button', { class: 'button', type: 'button', on: { click: close } }, 'Cancel'),
      h('button', { class: 'button primary', type: 'button', on: { click: () => submit(close) } }, 'Sign in'),
    ];
  });
}
