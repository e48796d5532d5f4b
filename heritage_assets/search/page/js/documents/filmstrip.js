/**
 * The filmstrip: scans in their order, proposed cuts between them, the most doubtful first; decided with one key.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h, isTyping } from '../core/dom.js';
import { count, words } from '../core/format.js';
import { address } from '../core/router.js';
import { recall, remember } from '../core/theme.js';
import { loading, message, showError } from '../ui/messages.js';
import { picture } from '../ui/picture.js';
import { signInDialog } from '../ui/sign-in.js';
import { toast } from '../ui/toast.js';
import { Strip } from './strip.js';

const NAME = 'heritage.reviewer';

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function filmstripView(host, route) {
  const leaving = new AbortController();
  const strip = new Strip(route.id, leaving.signal);
  const at = route.params.get('at');
  /** A title that was typed stays while its document is looked through. */
  const draft = { document: '', title: '' };
  strip.reviewer = recall(NAME) ?? '';
  const body = h('div', { class: 'film-body' }, loading('the filmstrip'));
  const status = h('p', { class: 'grow', role: 'status' });
  fill(host, h('div', { class: 'view film' }, h('header', {}, h('h1', {}, 'Filmstrip'), status, h('a', { class: 'button', href: address('documents', '', { dataset: route.id }) }, 'All documents')), body));

  /** @type {[string, string, string, () => Promise<unknown>][]} key, name, what is said afterwards, action */
  const ACTIONS = [
    ['s', 'Split here', 'A document starts here', () => strip.cut()],
    ['m', 'Merge', 'Goes on with the document before', () => strip.join()],
    ['c', 'Confirm', 'Confirmed', confirm],
    ['[', 'Move to the one before', 'Moved, and that document confirmed', () => strip.give(-1)],
    [']', 'Move to the one after', 'Moved, and that document confirmed', () => strip.give(1)],
    ['n', 'Next doubt', '', async () => (await strip.next()) || 'No boundary is open any more'],
    ['u', 'Undo', 'Taken back', () => strip.undo()],
  ];

  async function confirm() {
    await strip.confirm(draft.document === strip.current?.document ? draft.title.trim() : '');
    draft.title = '';
    await strip.next();
  }

  /** @param {number | undefined} place without one: where doubt is greatest */
  async function load(place, tries = 0) {
    try {
      await strip.load(place);
      draw();
    } catch (error) {
      if (!api.isAbort(error)) showError(body, error, () => load(place, tries + 1), leaving.signal, tries);
    }
  }

  function draw() {
    const { progress } = strip;
    const told = `${strip.dataset}: ${count(progress.open)} boundaries open, ${count(progress.confirmed)} of ${count(progress.documents)} documents confirmed`;
    if (status.textContent !== told) fill(status, told);
    const here = strip.current;
    if (!here) return fill(body, message({ icon: 'pages', title: 'No scans here' }));
    const back = focusKept();
    fill(
      body,
      h('ol', { class: 'film-strip', 'aria-label': 'Scans in scanning order' }, ...frames()),
      h('div', { class: 'film-about' }, said(here)),
      h('div', { class: 'choices film-actions', role: 'group', 'aria-label': 'Decide' }, ...ACTIONS.map(button)),
      h('div', { class: `film-pair${strip.starts ? ' starts' : ''}` }, large(strip.beside(-1), 'The scan before'), large(here, 'This scan')),
      h('div', { class: 'film-fields' }, field(['Title when confirmed (optional) ', h('kbd', {}, 't')], 200, titleOf(here), keepTitle, { 'aria-keyshortcuts': 't', on: { focus: propose } }), field(['Your name'], 100, strip.reviewer, keepName)),
    );
    const current = /** @type {HTMLElement | null} */ (body.querySelector('[aria-current="true"]'));
    current?.scrollIntoView({ block: 'nearest', inline: 'center' });
    back();
  }

  /** Where the focus is now; call the result after drawing anew. @returns {() => void} */
  function focusKept() {
    const focused = document.activeElement;
    const key = focused?.getAttribute('aria-keyshortcuts');
    const onFrame = focused?.classList.contains('frame-button');
    return () => {
      const again = onFrame ? '.frame-button[aria-current="true"]' : key && `[aria-keyshortcuts="${CSS.escape(key)}"]`;
      if (again) /** @type {HTMLElement | null} */ (body.querySelector(again))?.focus({ preventScroll: true });
    };
  }

  /** @param {import('./strip.js').Scan} here */
  const titleOf = (here) => (draft.document === here.document ? draft.title : '');

  /** Show the title that the document has without a person's: of its record, or of what was read on its first page. @param {FocusEvent} event */
  async function propose({ target }) {
    const here = strip.current;
    if (!here) return;
    try {
      /** @type {HTMLInputElement} */ (target).placeholder = (await api.pageDocument(here.document, strip.dataset, leaving.signal)).title;
    } catch (error) {
      if (!(error instanceof api.ApiError) && !api.isAbort(error)) throw error; // a title can be typed without a proposal
    }
  }

  /** @param {string} title */
  function keepTitle(title) {
    Object.assign(draft, { document: strip.current?.document ?? '', title });
  }

  /** @param {string} name */
  function keepName(name) {
    strip.reviewer = name.trim();
    remember(NAME, strip.reviewer);
  }

  function* frames() {
    let before = strip.scans[0]?.document;
    for (const scan of strip.scans) {
      const starts = scan.document !== before;
      before = scan.document;
      yield frame(scan, starts);
    }
  }

  /** @param {import('./strip.js').Scan} scan @param {boolean} starts */
  function frame(scan, starts) {
    const here = scan.place === strip.cursor;
    const label = `${scan.scan}, page ${scan.position} of ${scan.pages}${scan.confirmed ? ', confirmed' : ''}${starts ? ', a document starts here' : ''}`;
    return h(
      'li',
      { class: `film-frame${starts ? ' starts' : ''}${scan.confirmed ? ' confirmed' : ''}`, css: { '--doubt': (scan.doubt ?? 0).toFixed(2) } },
      h(
        'button',
        { class: 'frame-button', type: 'button', tabindex: here ? 0 : -1, 'aria-current': here && 'true', 'aria-label': label, on: { click: () => act('', () => strip.goTo(scan.place)) } },
        h('span', { class: 'page-frame' }, picture({ ...scan, title: scan.scan }, { alt: '' })),
        h('span', { class: 'small', 'aria-hidden': 'true' }, `${scan.position}/${scan.pages}`, ...scan.defects.map((name) => h('span', { class: 'badge warn' }, words(name)))),
      ),
    );
  }

  /** @param {import('./strip.js').Scan} here */
  function said({ confirmed, doubt, place }) {
    if (doubt !== null) return h('p', {}, strip.starts ? 'Proposed: a document starts at this scan. ' : 'Proposed: this scan goes on with the document before. ', h('span', { class: 'badge warn' }, `${Math.round(doubt * 100)} % doubt`));
    return h('p', { class: 'quiet' }, confirmed ? 'This document is confirmed.' : place === 0 ? 'The first scan.' : 'Decided.');
  }

  /** A scan large enough to decide on. @param {import('./strip.js').Scan | undefined} scan @param {string} name */
  function large(scan, name) {
    return h(
      'figure',
      {},
      h('div', { class: 'page-frame' }, scan && picture({ ...scan, title: scan.scan }, { size: 'image', eager: true, alt: `${name}, ${scan.scan}` })),
      h('figcaption', {}, h('span', {}, name), scan && h('a', { class: 'mono', href: address('record', scan.guid) }, scan.scan)),
    );
  }

  /** @param {import('../core/dom.js').Child[]} name @param {number} longest @param {string} value @param {(value: string) => void} keep @param {Record<string, any>} [more] */
  function field(name, longest, value, keep, { on = {}, ...more } = {}) {
    const input = h('input', { class: 'field', type: 'text', maxlength: longest, autocomplete: 'off', value, on: { input: () => keep(input.value), ...on }, ...more });
    return h('label', { class: 'labelled' }, h('span', {}, ...name), input);
  }

  /** @param {[string, string, string, () => Promise<unknown>]} action */
  function button([key, name, done, run]) {
    const off = (key === 'u' && strip.made.length === 0) || undefined;
    return h('button', { class: 'button', type: 'button', disabled: off, 'aria-keyshortcuts': key, on: { click: () => act(done, run) } }, h('kbd', {}, key), name);
  }

  /** @param {string} done @param {() => Promise<unknown>} run */
  async function act(done, run) {
    if (strip.busy) return;
    strip.busy = true;
    try {
      const result = await run();
      if (typeof result === 'string') toast(result);
      else if (done) toast(result === false ? 'Nothing to change here' : done);
      draw();
    } catch (error) {
      if (api.isAbort(error)) return;
      if (!(error instanceof api.ApiError)) throw error;
      if (error.status === 401 || error.status === 403) signInDialog(error.message);
      else toast(error.message);
      if (error.status === 404 || error.code === 'changed_meanwhile') await load(strip.cursor);
    } finally {
      strip.busy = false;
    }
  }

  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (isTyping(event) && ['Escape', 'Enter'].includes(event.key)) /** @type {HTMLElement} */ (event.target).blur();
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = event.repeat ? undefined : ACTIONS.find(([key]) => key === event.key.toLowerCase());
    if (action) act(action[2], action[3]);
    else if (event.key === 'ArrowLeft') act('', () => strip.goTo(strip.cursor - 1));
    else if (event.key === 'ArrowRight') act('', () => strip.goTo(strip.cursor + 1));
    else if (event.key === 't') /** @type {HTMLElement | null} */ (body.querySelector('[aria-keyshortcuts="t"]'))?.focus();
    else return;
    event.preventDefault();
  };
  document.addEventListener('keydown', onKey, { signal: leaving.signal });
  load(at === null ? undefined : Math.max(0, Math.trunc(Number(at)) || 0));
  return { leave: () => leaving.abort() };
}
