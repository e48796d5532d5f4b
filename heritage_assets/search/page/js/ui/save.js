/**
 * Saving the answers of a search as a file.
 * @module
 */
import * as api from '../core/api.js';
import { h } from '../core/dom.js';
import { icon } from './icons.js';
import { toast } from './toast.js';

/** @typedef {'csv' | 'jsonl' | 'parquet'} Form */

/** @type {[Form, string][]} */
const FORMS = [
  ['csv', 'CSV'],
  ['jsonl', 'JSON lines'],
  ['parquet', 'Parquet'],
];

/** A button that opens the choice of formats. @param {(form: Form) => Promise<void>} save */
export function saveMenu(save) {
  const choices = FORMS.map(([form, name]) => h('button', { class: 'button bare', type: 'button', on: { click: () => choose(form) } }, name));
  const menu = h('details', { class: 'save' }, h('summary', { class: 'button bare', title: 'Save all results as a file' }, icon('download'), 'Export'), h('div', { class: 'save-forms' }, ...choices));
  const choose = async (/** @type {Form} */ form) => {
    menu.open = false;
    menu.querySelector('summary').focus();
    await save(form);
  };
  menu.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector('summary').focus();
  });
  menu.addEventListener('focusout', (/** @type {FocusEvent} */ event) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  return menu;
}

/** @param {api.Question} question @param {Form} form @param {AbortSignal} signal */
export async function saveSearch(question, form, signal) {
  try {
    const url = URL.createObjectURL(await api.exportSearch(question, form, signal));
    h('a', { href: url, download: `search_results.${form}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } catch (error) {
    if (!api.isAbort(error)) toast(/** @type {Error} */ (error).message);
  }
}
