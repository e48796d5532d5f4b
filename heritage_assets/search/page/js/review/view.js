/**
 * The review queue: one borderline pair at a time, decided with one key.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h, isTyping } from '../core/dom.js';
import { count, plural, when, words } from '../core/format.js';
import { recall, remember } from '../core/theme.js';
import { comparison } from '../duplicates/compare.js';
import { differences } from '../duplicates/group.js';
import { evidenceTable } from '../ui/evidence.js';
import { loading, message, nothingHarvested, showError } from '../ui/messages.js';
import { toast } from '../ui/toast.js';
import { signInDialog } from '../ui/sign-in.js';
import { ReviewSession } from './session.js';

/** @typedef {import('../core/types.js').ReviewPair} ReviewPair */

/** @type {[string, string, string, string][]} key, decision, name, meaning */
const CHOICES = [
  ['s', 'same', 'Same', 'one object'],
  ['v', 'variant', 'Variant', 'another copy or state'],
  ['p', 'page_of', 'Page of', 'another page or view'],
  ['d', 'different', 'Different', 'two objects'],
];
const NAME = 'heritage.reviewer';
const MODE = 'heritage.review.mode';

/** @param {HTMLElement} host @returns {import('../core/router.js').View} */
export function reviewView(host) {
  const leaving = new AbortController();
  const session = new ReviewSession(leaving.signal);
  const body = h('div', { class: 'review-body' }, loading('the queue'));
  const bar = progressBar();
  const reviewer = h('input', { class: 'field', type: 'text', maxlength: 100, autocomplete: 'name', value: recall(NAME) ?? '', on: { change: () => remember(NAME, reviewer.value.trim()) } });
  const note = h('textarea', { class: 'field', rows: 2, maxlength: 2000, placeholder: 'Why? (optional)' });
  let stop = () => {};
  fill(
    host,
    h('div', { class: 'view review' }, h('header', {}, h('h1', {}, 'Review'), h('p', { class: 'grow' }, 'Pairs the rules could not decide. Your decision takes effect at the next canonicalization, and outlives every one after it.'), bar.element), body),
  );

  async function load(tries = 0) {
    try {
      await session.load();
      draw();
    } catch (error) {
      if (!api.isAbort(error)) showError(body, error, () => load(tries + 1), leaving.signal, tries);
    }
  }

  async function draw() {
    stop();
    stop = () => {};
    bar.show(session.progress);
    const pair = session.current;
    if (!pair) return fill(body, await done());
    const compared = comparison(pair.a, pair.b, { mode: /** @type {any} */ (recall(MODE) ?? 'side'), onMode: (mode) => remember(MODE, mode) });
    stop = compared.stop;
    note.value = '';
    fill(
      body,
      compared.element,
      h('div', { class: 'decide' }, h('div', { class: 'choices', role: 'group', 'aria-label': 'Decide' }, ...CHOICES.map(choiceButton)), h('div', { class: 'choices-more' }, quietButton('Space', 'Skip', skip), quietButton('u', 'Undo', undo, !session.canUndo))),
      h(
        'div',
        { class: 'review-side' },
        pair.decision && h('p', { class: 'notice' }, `Decided before: ${words(pair.decision.decision)} by ${pair.decision.reviewer ?? 'somebody'}, ${when(pair.decision.decided_at)}.`),
        h('section', { 'aria-label': 'Evidence' }, h('h2', {}, 'Evidence'), evidenceTable(pair.evidence)),
        differences(pair.a, pair.b),
        h('label', { class: 'labelled' }, h('span', {}, 'Note ', h('kbd', {}, 'n')), note),
        h('label', { class: 'labelled' }, h('span', {}, 'Your name'), reviewer),
      ),
    );
  }

  /** @returns {Promise<Node>} */
  async function done() {
    const meta = await api.getMeta(leaving.signal);
    if (meta.records === 0) return nothingHarvested(session.hint ?? undefined);
    const again = h('button', { class: 'button', type: 'button', on: { click: () => load() } }, 'Look again');
    const text = session.skipped.size
      ? `${plural(session.skipped.size, 'pair')} skipped; look again to see them.`
      : 'Every borderline pair has its decision. New ones come with the next harvest.';
    return message({ icon: 'check', title: 'Nothing to review', text: session.hint ?? text, actions: session.canUndo ? [again, quietButton('u', 'Undo', undo)] : [again] });
  }

  /** @param {[string, string, string, string]} choice */
  function choiceButton([key, decision, name, meaning]) {
    return h('button', { class: 'button choice', type: 'button', 'aria-keyshortcuts': key, on: { click: () => decide(decision) } }, h('kbd', {}, key), h('span', {}, h('strong', {}, name), h('span', { class: 'small quiet' }, meaning)));
  }

  async function decide(/** @type {string} */ decision) {
    await act(async () => {
      const pair = session.current;
      if (!pair) return;
      await session.decide(decision, note.value.trim(), reviewer.value.trim());
      toast(`${words(decision)}: in effect at the next canonicalization`, { label: 'Undo', run: undo });
    });
  }

  async function undo() {
    await act(async () => {
      if (await session.undo(reviewer.value.trim())) toast('Taken back');
    });
  }

  async function skip() {
    await act(() => session.skip());
  }

  /** @param {() => Promise<void>} run */
  async function act(run) {
    if (session.busy) return;
    try {
      await run();
      await draw();
    } catch (error) {
      if (api.isAbort(error)) return;
      if (!(error instanceof api.ApiError)) throw error;
      if (error.status === 401 || error.status === 403) signInDialog(error.message);
      else if (error.status === 409) {
        toast('Somebody else decided this pair in the meantime');
        await load();
      } else toast(error.message, { label: 'Try again', run: () => act(run) });
    }
  }

  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.target === note && event.key === 'Escape') note.blur();
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const onButton = event.target instanceof Element && event.target.closest('button, a, input');
    const choice = CHOICES.find(([key]) => key === event.key.toLowerCase());
    if (choice) decide(choice[1]);
    else if (event.key === 'u') undo();
    else if (event.key === ' ' && !onButton) skip();
    else if (event.key === 'n') note.focus();
    else return;
    event.preventDefault();
  };
  document.addEventListener('keydown', onKey, { signal: leaving.signal });
  load();
  return {
    leave() {
      leaving.abort();
      stop();
    },
  };
}

/** @param {string} key @param {string} name @param {() => void} run @param {boolean} [disabled] */
function quietButton(key, name, run, disabled = false) {
  return h('button', { class: 'button', type: 'button', disabled, on: { click: run } }, h('kbd', {}, key), name);
}

function progressBar() {
  const text = h('span', { role: 'status' });
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Reviewed' });
  return {
    element: h('div', { class: 'progress' }, text, bar),
    /** @param {{open: number, decided: number, pending: number}} progress */
    show({ open, decided, pending }) {
      bar.max = Math.max(1, open + decided);
      bar.value = decided;
      document.dispatchEvent(new CustomEvent('review-progress', { detail: open })); // the bar of the page counts along
      fill(text, `${count(open)} to do, ${count(decided)} decided`, pending > 0 && ` (${count(pending)} take effect at the next canonicalization)`);
    },
  };
}
