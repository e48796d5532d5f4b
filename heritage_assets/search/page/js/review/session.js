/**
 * One person's way through the queue: the next pairs, what was decided, what was skipped.
 *
 * Several people may review at once. A decision carries the decision that was last seen on the pair, so that the server can refuse
 * it (409) when somebody was faster; its id is made here, so that sending it twice changes nothing.
 * @module
 */
import * as api from '../core/api.js';
import { decisionId } from './decision-id.js';

/** @typedef {import('../core/types.js').ReviewPair} ReviewPair */

const AHEAD = 20;

export class ReviewSession {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.signal = signal;
    /** @type {ReviewPair[]} */
    this.pairs = [];
    /** @type {{id: string, pair: ReviewPair}[]} */
    this.made = [];
    /** @type {Set<string>} */
    this.skipped = new Set();
    this.progress = { open: 0, decided: 0, pending: 0 };
    /** @type {string | null} */
    this.hint = null;
    this.busy = false;
  }

  /** The pair to decide now. @returns {ReviewPair | null} */
  get current() {
    return this.pairs[0] ?? null;
  }

  get canUndo() {
    return this.made.length > 0;
  }

  /** Begin at the top of the queue; skipped pairs come again. */
  async load() {
    this.skipped.clear();
    await this.#fetch();
  }

  /** Put the current pair off. */
  async skip() {
    const pair = this.pairs.shift();
    if (pair) this.skipped.add(keyOf(pair));
    if (this.pairs.length === 0) await this.#fetch();
  }

  /**
   * Decide the current pair and go to the next.
   * @param {string} decision @param {string} note @param {string} reviewer
   */
  async decide(decision, note, reviewer) {
    const pair = this.current;
    if (!pair) return;
    const id = decisionId();
    await this.#send({
      decision_id: id,
      guid_a: pair.a.guid,
      guid_b: pair.b.guid,
      decision,
      note: note || null,
      reviewer: reviewer || null,
      expects: pair.decision?.decision_id ?? null,
    });
    this.made.push({ id, pair });
    this.pairs.shift();
    this.progress = { ...this.progress, open: Math.max(0, this.progress.open - 1), decided: this.progress.decided + 1, pending: this.progress.pending + 1 };
    if (this.pairs.length === 0) await this.#fetch();
  }

  /** Take the last decision of this visit back; its pair comes again. @param {string} reviewer @returns {Promise<boolean>} */
  async undo(reviewer) {
    const last = this.made.at(-1);
    if (!last) return false;
    await this.#send({ decision_id: decisionId(), decision: 'undo', undoes: last.id, reviewer: reviewer || null });
    this.made.pop();
    this.pairs.unshift({ ...last.pair, decision: null });
    this.progress = { open: this.progress.open + 1, decided: Math.max(0, this.progress.decided - 1), pending: Math.max(0, this.progress.pending - 1) };
    return true;
  }

  /** @param {object} decision */
  async #send(decision) {
    this.busy = true;
    try {
      await api.decide(decision);
    } finally {
      this.busy = false;
    }
  }

  async #fetch() {
    let offset = 0;
    for (;;) {
      const page = await api.reviewQueue(offset, AHEAD, this.signal);
      this.progress = page.progress;
      this.hint = page.hint ?? null;
      this.pairs = page.pairs.filter((/** @type {ReviewPair} */ pair) => !this.skipped.has(keyOf(pair)));
      if (this.pairs.length > 0 || page.next_offset === null) return;
      offset = page.next_offset;
    }
  }
}

/** @param {ReviewPair} pair */
const keyOf = (pair) => JSON.stringify([pair.a.guid, pair.b.guid]);
