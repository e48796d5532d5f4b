/**
 * A row of buttons of which one is chosen: one tab stop, arrow keys choose.
 * @module
 */
import { h } from '../core/dom.js';

/**
 * @param {string} label accessible name
 * @param {[string, string][]} choices value and text
 * @param {string} chosen
 * @param {(value: string) => void} onChoose
 * @returns {HTMLElement}
 */
export function radios(label, choices, chosen, onChoose) {
  const buttons = choices.map(([value, text]) =>
    h('button', { class: 'button', type: 'button', role: 'radio', data: { value } }, text),
  );
  const mark = (/** @type {string} */ value) => {
    for (const button of buttons) {
      const on = button.dataset.value === value;
      button.setAttribute('aria-checked', String(on));
      button.setAttribute('tabindex', on ? '0' : '-1');
    }
  };
  const choose = (/** @type {HTMLElement} */ button) => {
    if (button.getAttribute('aria-checked') === 'true') return;
    mark(String(button.dataset.value));
    onChoose(String(button.dataset.value));
  };
  const group = h('div', { class: 'segments', role: 'radiogroup', 'aria-label': label }, ...buttons);
  group.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (button) choose(button);
  });
  group.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = buttons.findIndex((button) => button.getAttribute('tabindex') === '0');
    const next = buttons[(at + step + buttons.length) % buttons.length];
    choose(next);
    next.focus();
  });
  mark(chosen);
  return group;
}
