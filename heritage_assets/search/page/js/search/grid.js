/**
 * The grid of found records: reserved space, one tab stop, arrow keys.
 * @module
 */
import { add, h, setCss } from '../core/dom.js';
import { justify, neighbour } from './layout.js';

const CAPTION = 50;
const GAP = 14;

/**
 * @template {object} T
 * @typedef {object} GridParts
 * @property {(item: T) => HTMLElement} card makes a focusable card
 * @property {(item: T) => number} aspect width / height of the picture
 * @property {string} label accessible name of the list
 */

/**
 * @template {object} T
 * @param {GridParts<T>} parts
 */
export function createGrid({ card, aspect, label }) {
  const list = h('ul', { class: 'grid', 'aria-label': label });
  /** @type {T[]} */
  let items = [];
  /** @type {HTMLElement[]} */
  let cards = [];
  /** @type {import('./layout.js').Box[]} */
  let boxes = [];
  let current = 0;

  const place = () => {
    const width = list.clientWidth;
    if (!width) return;
    const target = width < 560 ? 150 : width < 1100 ? 195 : 225;
    const placed = justify(items.map(aspect), { width, target, gap: width < 560 ? 8 : GAP, caption: CAPTION });
    boxes = placed.boxes;
    setCss(list, { height: `${Math.ceil(placed.height)}px` });
    for (const [index, box] of boxes.entries()) {
      const cell = /** @type {HTMLElement} */ (cards[index].parentElement);
      setCss(cell, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, '--tall': `${box.height}px` });
    }
  };

  const moveTo = (/** @type {number} */ index, focus = true) => {
    if (!cards[index]) return;
    cards[current]?.setAttribute('tabindex', '-1');
    current = index;
    cards[index].setAttribute('tabindex', '0');
    if (focus) cards[index].focus();
  };

  list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const known = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key);
    if (!known || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moveTo(neighbour(boxes, current, event.key));
  });
  list.addEventListener('focusin', (/** @type {FocusEvent} */ event) => {
    const index = cards.findIndex((one) => one.contains(/** @type {Node} */ (event.target)));
    if (index >= 0) moveTo(index, false);
  });
  const observer = new ResizeObserver(place);
  observer.observe(list);

  return {
    element: list,
    /** Show these instead. @param {T[]} next */
    set(next) {
      list.replaceChildren();
      items = [];
      cards = [];
      current = 0;
      this.append(next);
    },
    /** Show these too. @param {T[]} more */
    append(more) {
      for (const item of more) {
        const one = card(item);
        one.setAttribute('tabindex', cards.length === current ? '0' : '-1');
        items.push(item);
        cards.push(one);
        add(list, h('li', {}, one));
      }
      place();
    },
    /** Put the focus on a card. @param {number} index */
    focus: (index) => moveTo(index),
    get items() {
      return items;
    },
    stop: () => observer.disconnect(),
  };
}
