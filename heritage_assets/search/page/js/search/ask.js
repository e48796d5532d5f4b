/**
 * The search field: words, a picture (chosen, dropped, pasted, or from a record), and how much each counts.
 * @module
 */
import { fill, h } from '../core/dom.js';
import { imageUrl } from '../core/api.js';
import { icon } from '../ui/icons.js';
import { toast } from '../ui/toast.js';
import { pictureIn, shrink, unpack } from './own-picture.js';
import { asksBoth } from './state.js';

/** @typedef {import('./state.js').SearchState} SearchState */

/**
 * @param {SearchState} state
 * @param {(change: Partial<SearchState>) => void} onAsk
 * @param {AbortSignal} signal
 */
export function askForm(state, onAsk, signal) {
  const field = h('input', {
    id: 'query',
    type: 'search',
    name: 'q',
    placeholder: 'A ship in a storm, an inventory number, a name …',
    'aria-label': 'Search the archive by words',
    autocomplete: 'off',
    enterkeyhint: 'search',
    maxlength: 500,
    value: state.text,
  });
  const file = h('input', { type: 'file', accept: 'image/*', class: 'sr', tabindex: -1, 'aria-label': 'Picture to search with' });
  const choose = h('button', { class: 'button bare icon', type: 'button', 'aria-label': 'Search with a picture', title: 'Search with a picture (or drop or paste one)', on: { click: () => file.click() } }, icon('image'));
  const extras = h('div', { class: 'ask-extras' });
  const form = h(
    'form',
    { class: 'ask', role: 'search', 'aria-label': 'Search' },
    h('div', { class: 'ask-field' }, icon('search'), field, choose, file, h('button', { class: 'button primary', type: 'submit' }, 'Search')),
    extras,
  );

  const take = async (/** @type {Blob | null} */ blob) => {
    if (!blob) return;
    try {
      onAsk({ picture: await shrink(blob), like: '', text: field.value.trim() });
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  };
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    onAsk({ text: field.value.trim() });
  });
  field.addEventListener('search', () => field.value === '' && state.text && onAsk({ text: '' }));
  file.addEventListener('change', () => take(file.files?.[0] ?? null));
  acceptDrops(take, signal);
  document.addEventListener('paste', (event) => take(pictureIn(event.clipboardData)), { signal });

  /** @param {SearchState} next */
  const show = (next) => {
    state = next;
    if (document.activeElement !== field || field.value.trim() !== next.text) field.value = next.text;
    fill(extras, pictureChip(next, onAsk), asksBoth(next) && weightSlider(next, onAsk));
    extras.hidden = !extras.hasChildNodes();
  };
  show(state);
  return { element: form, show };
}

/** The picture that is searched with. @param {SearchState} state @param {(change: Partial<SearchState>) => void} onAsk */
function pictureChip(state, onAsk) {
  if (!state.like && !state.picture) return null;
  const image = h('img', { alt: '', width: 56, height: 56 });
  if (state.like) image.src = imageUrl(state.like, 'thumbnail');
  else {
    const blob = unpack(state.picture);
    if (!blob) return null;
    image.src = URL.createObjectURL(blob);
    image.addEventListener('load', () => URL.revokeObjectURL(image.src), { once: true });
  }
  const remove = () => onAsk({ like: '', picture: '' });
  return h(
    'div',
    { class: 'query-picture' },
    image,
    h('span', {}, state.like ? 'Like this record' : 'Your picture'),
    h('button', { class: 'button bare icon', type: 'button', 'aria-label': 'Search without the picture', on: { click: remove } }, icon('close')),
  );
}

/** @param {SearchState} state @param {(change: Partial<SearchState>) => void} onAsk */
function weightSlider(state, onAsk) {
  const range = h('input', { type: 'range', min: 0, max: 1, step: 0.05, value: state.weight, 'aria-label': 'Weight of the picture against the words' });
  const say = () => range.setAttribute('aria-valuetext', `${Math.round(Number(range.value) * 100)} % picture`);
  range.addEventListener('input', say);
  range.addEventListener('change', () => onAsk({ weight: Number(range.value) }));
  say();
  return h('div', { class: 'weight' }, h('span', { 'aria-hidden': 'true' }, 'Words'), range, h('span', { 'aria-hidden': 'true' }, 'Picture'));
}

/**
 * Take a picture dropped anywhere on the page.
 * @param {(blob: Blob | null) => void} take
 * @param {AbortSignal} signal
 */
function acceptDrops(take, signal) {
  const veil = h('div', { class: 'drop-veil', hidden: true }, h('p', {}, 'Drop the picture to search with it'));
  document.body.append(veil);
  signal.addEventListener('abort', () => veil.remove(), { once: true });
  const holdsFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
  let depth = 0;
  const on = (/** @type {string} */ type, /** @type {(event: DragEvent) => void} */ run) =>
    document.addEventListener(type, /** @type {EventListener} */ (run), { signal });
  on('dragenter', (event) => {
    if (!holdsFile(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  on('dragleave', (event) => {
    if (!holdsFile(event)) return;
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  on('dragover', (event) => holdsFile(event) && event.preventDefault());
  on('drop', (event) => {
    depth = 0;
    veil.hidden = true;
    if (!holdsFile(event)) return;
    event.preventDefault();
    const image = pictureIn(event.dataTransfer);
    if (image) take(image);
    else toast('That is no picture');
  });
}
