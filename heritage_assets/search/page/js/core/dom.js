/**
 * Building and changing elements. Data reach the page only as text nodes and attributes: nothing here parses HTML.
 * @module
 */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Child | Child[]} Children */

const SVG = 'http://www.w3.org/2000/svg';
const SAFE_SCHEMES = new Set(['http:', 'https:', 'mailto:', 'blob:']);

/**
 * Make an element.
 *
 * Special properties: `class`, `on` (event → listener), `data` (dataset), `css` (CSS property → value, set through CSSOM, which
 * the content security policy allows where it forbids style attributes). `null`, `undefined` and `false` leave an attribute out.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...Children} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  assign(element, props);
  add(element, ...children);
  return element;
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...Children} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  assign(element, props);
  add(element, ...children);
  return element;
}

/**
 * @param {Element} element
 * @param {Record<string, any>} props
 */
function assign(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === 'data') Object.assign(/** @type {HTMLElement} */ (element).dataset, value);
    else if (name === 'css') setCss(/** @type {HTMLElement} */ (element), value);
    else if (name === 'value' || name === 'checked') /** @type {any} */ (element)[name] = value;
    else if (name === 'href') setHref(element, String(value));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * Follow only addresses of harmless schemes: metadata may name `javascript:` ones.
 * @param {Element} element
 * @param {string} address
 */
function setHref(element, address) {
  const safe = safeHref(address);
  if (safe !== null) element.setAttribute('href', safe);
}

/**
 * Return the address when a link may carry it, else null.
 * @param {string | null | undefined} address
 * @returns {string | null}
 */
export function safeHref(address) {
  if (!address) return null;
  try {
    return SAFE_SCHEMES.has(new URL(address, location.href).protocol) ? address : null;
  } catch {
    return null;
  }
}

/**
 * Set CSS properties (custom ones too).
 * @param {HTMLElement | SVGElement} element
 * @param {Record<string, string | number>} values
 */
export function setCss(element, values) {
  for (const [name, value] of Object.entries(values)) element.style.setProperty(name, String(value));
}

/**
 * Append children; strings become text nodes.
 * @param {Element | DocumentFragment} parent
 * @param {...Children} children
 */
export function add(parent, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Replace everything inside.
 * @param {Element} parent
 * @param {...Children} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  add(parent, ...children);
}

/**
 * Tell whether typing goes into a field, so that single-key shortcuts must not fire.
 * @param {Event} event
 */
export function isTyping(event) {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'button'].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/**
 * Call `run` once the calls have paused for `milliseconds`.
 * @template {any[]} A
 * @param {(...args: A) => void} run
 * @param {number} milliseconds
 * @returns {(...args: A) => void}
 */
export function debounce(run, milliseconds) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), milliseconds);
  };
}

/** Whether the person asked for less motion. */
export function reducedMotion() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
