/**
 * A picture that can be looked at closely: buttons, keys (+ − 0 and arrows), double click, pinch, drag.
 * @module
 */
import { h, setCss } from '../core/dom.js';
import { icon } from '../ui/icons.js';

const MOST = 12;
const STEP = 1.5;

/**
 * @param {HTMLElement} content the picture
 * @param {number} aspect width / height
 * @returns {HTMLElement}
 */
export function zoomable(content, aspect) {
  const pan = h('div', { class: 'pan' }, content);
  const frame = h('div', { class: 'zoom', css: { '--aspect': aspect }, tabindex: 0, role: 'group', 'aria-label': 'Picture; zoom with plus, minus and zero' }, pan);
  let scale = 1;
  let x = 0;
  let y = 0;

  const draw = () => {
    const { clientWidth: wide, clientHeight: tall } = frame;
    x = Math.min(0, Math.max(x, wide * (1 - scale)));
    y = Math.min(0, Math.max(y, tall * (1 - scale)));
    setCss(pan, { transform: `translate(${x}px, ${y}px) scale(${scale})` });
    frame.classList.toggle('close', scale > 1);
  };
  /** Keep the point under (px, py) where it is. @param {number} wanted @param {number} px @param {number} py */
  const zoomTo = (wanted, px, py) => {
    const next = Math.min(Math.max(wanted, 1), MOST);
    x = px - ((px - x) * next) / scale;
    y = py - ((py - y) * next) / scale;
    scale = next;
    draw();
  };
  const zoomBy = (/** @type {number} */ factor) => zoomTo(scale * factor, frame.clientWidth / 2, frame.clientHeight / 2);
  const reset = () => zoomTo(1, 0, 0);
  const at = (/** @type {MouseEvent} */ event) => {
    const box = frame.getBoundingClientRect();
    return /** @type {const} */ ([event.clientX - box.left, event.clientY - box.top]);
  };

  frame.addEventListener('dblclick', (/** @type {MouseEvent} */ event) => (scale > 1 ? reset() : zoomTo(3, ...at(event))));
  frame.addEventListener('wheel', (/** @type {WheelEvent} */ event) => {
    // A plain wheel scrolls the page; a trackpad's pinch comes as a wheel with Ctrl.
    if (!event.ctrlKey && scale === 1) return;
    event.preventDefault();
    zoomTo(scale * Math.exp(-event.deltaY / 250), ...at(event));
  }, { passive: false });
  frame.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] });
    const move = moves[event.key];
    if (!move || scale === 1) return;
    event.preventDefault();
    event.stopPropagation();
    [x, y] = [x + move[0], y + move[1]];
    draw();
  });
  dragging(frame, {
    drag: (dx, dy) => {
      [x, y] = [x + dx, y + dy];
      draw();
    },
    pinch: (factor, px, py) => zoomTo(scale * factor, px, py),
    active: () => scale > 1,
  });
  new ResizeObserver(draw).observe(frame);

  const button = (/** @type {import('../ui/icons.js').IconName} */ sign, /** @type {string} */ name, /** @type {() => void} */ run) =>
    h('button', { class: 'button icon', type: 'button', 'aria-label': name, title: name, on: { click: run } }, icon(sign));
  const tools = h('div', { class: 'zoom-tools' }, button('plus', 'Closer', () => zoomBy(STEP)), button('minus', 'Farther', () => zoomBy(1 / STEP)), button('fit', 'Whole picture', reset));
  const box = h('div', { class: 'zoom-box' }, frame, tools);
  box.addEventListener('zoomkey', (/** @type {CustomEvent} */ event) => {
    if (event.detail === '0') reset();
    else zoomBy(event.detail === '-' ? 1 / STEP : STEP);
  });
  return box;
}

/**
 * One finger or the mouse drags, two fingers pinch.
 * @param {HTMLElement} frame
 * @param {{drag: (dx: number, dy: number) => void, pinch: (factor: number, x: number, y: number) => void, active: () => boolean}} actions
 */
function dragging(frame, { drag, pinch, active }) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };
  frame.addEventListener('pointerdown', (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (active() || fingers.size > 1) frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener('pointermove', (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const before = fingers.size === 2 ? spread() : 0;
    const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
    [finger.x, finger.y] = [event.clientX, event.clientY];
    if (fingers.size === 2 && before > 0) {
      const box = frame.getBoundingClientRect();
      const [a, b] = [...fingers.values()];
      pinch(spread() / before, (a.x + b.x) / 2 - box.left, (a.y + b.y) / 2 - box.top);
    } else if (active()) drag(dx, dy);
  });
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    frame.addEventListener(type, (event) => fingers.delete(/** @type {PointerEvent} */ (event).pointerId));
  }
}
