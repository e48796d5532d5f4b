/**
 * Short notes at the foot of the page, read aloud politely.
 * @module
 */
import { h } from '../core/dom.js';

const SECONDS = 6;

/**
 * @param {string} text
 * @param {{label: string, run: () => void}} [action]
 */
export function toast(text, action) {
  const box = document.getElementById('toasts');
  if (!box) return;
  const note = h('div', { class: 'toast' }, h('span', {}, text));
  const remove = () => note.remove();
  if (action) {
    const run = () => {
      remove();
      action.run();
    };
    note.append(h('button', { type: 'button', on: { click: run } }, action.label));
  }
  box.replaceChildren(note);
  setTimeout(remove, SECONDS * 1000);
}

/** Copy text and say so. @param {string} text @param {string} what */
export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    toast('The browser does not allow copying here; take it from the address bar');
  }
}
