/**
 * Two pictures against each other: side by side, a slider between them, blinking, or their difference.
 * @module
 */
import { fill, h, reducedMotion, setCss } from '../core/dom.js';
import { address } from '../core/router.js';
import { picture } from '../ui/picture.js';
import { aspectOf } from '../search/card.js';
import { radios } from '../ui/radios.js';

/** @typedef {import('../core/types.js').Card} Side */
/** @typedef {'side' | 'slider' | 'blink' | 'difference'} Mode */

/** @type {[Mode, string][]} */
const MODES = [
  ['side', 'Side by side'],
  ['slider', 'Slider'],
  ['blink', 'Blink'],
  ['difference', 'Difference'],
];
const BLINK_MILLISECONDS = 700;

/**
 * @param {Side} a
 * @param {Side} b
 * @param {{mode?: Mode, onMode?: (mode: Mode) => void}} [options]
 * @returns {{element: HTMLElement, stop: () => void}}
 */
export function comparison(a, b, { mode = 'side', onMode } = {}) {
  const stage = h('div', { class: 'stage' });
  /** @type {() => void} */
  let stop = () => {};
  const both = Boolean(a.image && b.image);
  const show = (/** @type {Mode} */ chosen) => {
    stop();
    stage.dataset.mode = chosen;
    stop = MAKERS[chosen](stage, a, b);
  };
  const bar = radios('How to compare', both ? MODES : MODES.slice(0, 1), both ? mode : 'side', (chosen) => {
    show(/** @type {Mode} */ (chosen));
    onMode?.(/** @type {Mode} */ (chosen));
  });
  show(both ? mode : 'side');
  return { element: h('div', { class: 'compare' }, h('div', { class: 'compare-bar' }, bar), stage), stop: () => stop() };
}

/** @type {Record<Mode, (stage: HTMLElement, a: Side, b: Side) => () => void>} */
const MAKERS = {
  side(stage, a, b) {
    fill(stage, figure(a, 'A'), figure(b, 'B'));
    return () => {};
  },
  slider(stage, a, b) {
    const box = overlay(stage, a, b);
    const range = h('input', { type: 'range', min: 0, max: 100, value: 50, class: 'wipe', 'aria-label': 'How much of A is shown' });
    range.addEventListener('input', () => setCss(box, { '--at': `${range.value}%` }));
    setCss(box, { '--at': '50%' });
    box.append(h('span', { class: 'wipe-line', 'aria-hidden': 'true' }), range);
    return () => {};
  },
  blink(stage, a, b) {
    const box = overlay(stage, a, b);
    const button = h('button', { class: 'button blink-switch', type: 'button' });
    let first = true;
    const flip = () => {
      first = !first;
      box.classList.toggle('second', !first);
    };
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let timer;
    const run = (/** @type {boolean} */ on) => {
      clearInterval(timer);
      timer = on ? setInterval(flip, BLINK_MILLISECONDS) : undefined;
      fill(button, on ? 'Stop' : 'Start');
    };
    button.addEventListener('click', () => run(timer === undefined));
    box.addEventListener('click', () => {
      run(false);
      flip();
    });
    fill(stage, box, button);
    // Blinking by itself is motion: whoever asked for less starts it, or clicks from one to the other.
    run(!reducedMotion());
    return () => clearInterval(timer);
  },
  difference(stage, a, b) {
    const box = overlay(stage, a, b);
    const range = h('input', { type: 'range', min: 1, max: 8, step: 0.5, value: 3 });
    const set = () => setCss(box, { '--gain': range.value });
    range.addEventListener('input', set);
    set();
    fill(stage, box, h('label', { class: 'gain' }, h('span', {}, 'Amplify'), range));
    return () => {};
  },
};

/** Both pictures in one frame, the second scaled onto the first. @param {HTMLElement} stage @param {Side} a @param {Side} b */
function overlay(stage, a, b) {
  const box = h(
    'div',
    { class: 'overlay', css: { '--aspect': aspectOf(a) } },
    h('div', { class: 'layer under' }, picture(b, { size: 'image', eager: true })),
    h('div', { class: 'layer over' }, picture(a, { size: 'image', eager: true })),
  );
  fill(stage, box);
  return box;
}

/** @param {Side} side @param {string} letter */
function figure(side, letter) {
  return h(
    'figure',
    { class: 'half' },
    h('div', { class: 'half-picture' }, picture(side, { size: 'image', eager: true })),
    h('figcaption', {}, h('span', { class: 'letter' }, letter), h('a', { href: address('record', side.guid) }, side.title || side.guid)),
  );
}
