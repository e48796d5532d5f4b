/**
 * The state of the filmstrip: a stretch of scans, the cursor, what waits, what was done in this visit.
 * @module
 */
import * as api from '../core/api.js';
import { decisionId } from '../review/decision-id.js';

/** @typedef {{guid: string, scan: string, place: number, document: string, position: number, pages: number, confirmed: boolean, tag: string, defects: string[], doubt: number | null, thumbnail: string | null, image: string | null}} Scan */

export class Strip {
  /** @param {string} dataset @param {AbortSignal} signal */
  constructor(dataset, signal) {
    this.dataset = dataset;
    this.signal = signal;
    /** @type {Scan[]} */
    this.scans = [];
    /** @type {any} */
    this.progress = null;
    this.total = 0;
    this.cursor = 0;
    /** Places that were passed over in this visit. @type {Set<number>} */
    this.skipped = new Set();
    /** @type {string[]} */
    this.made = [];
    this.busy = false;
    /** Who decides, where no key says it. */
    this.reviewer = '';
  }

  /** The scan under the cursor. @returns {Scan | undefined} */
  get current() {
    return this.scans.find((scan) => scan.place === this.cursor);
  }

  /** The scan before or after the cursor in scanning order. @param {-1 | 1} step */
  beside(step) {
    return this.scans.find((scan) => scan.place === this.cursor + step);
  }

  /** Whether a document starts at the cursor. */
  get starts() {
    return this.beside(-1)?.document !== this.current?.document;
  }

  /** Read the scans around a place; without one, around what is most doubtful. @param {number} [place] */
  async load(place) {
    let found = await api.filmstrip(this.dataset, place, this.signal);
    const to = Math.max(0, Math.min(place ?? this.#doubtful(found.boundaries), found.total - 1));
    if (!reaches(found.scans, to)) found = await api.filmstrip(this.dataset, to, this.signal);
    Object.assign(this, { scans: found.scans, progress: found.progress, total: found.total, cursor: to });
  }

  /** The most doubtful place that was not passed over; when all were, they come again. @param {{place: number}[]} open */
  #doubtful(open) {
    if (open.every((one) => this.skipped.has(one.place))) this.skipped.clear();
    return open.find((one) => !this.skipped.has(one.place))?.place ?? this.cursor;
  }

  /** @param {number} place */
  async goTo(place) {
    if (place < 0 || place >= this.total) return;
    if (reaches(this.scans, place)) this.cursor = place;
    else await this.load(place);
  }

  /** Pass over this doubt and go to the next one. @returns {Promise<boolean>} whether one is left */
  async next() {
    this.skipped.add(this.cursor);
    await this.load();
    return this.progress.open > 0;
  }

  /** A document starts at the cursor. @returns {Promise<boolean>} */
  async cut() {
    const [before, here] = [this.beside(-1), this.current];
    if (!before || !here || before.document !== here.document) return false;
    await this.#decide('cut', [before.guid, here.guid], [here]);
    return true;
  }

  /** The scan at the cursor goes on with the document before it. @returns {Promise<boolean>} */
  async join() {
    const [before, here] = [this.beside(-1), this.current];
    if (!before || !here || before.document === here.document) return false;
    await this.#decide('join', [before.guid, here.guid], [before, here]);
    return true;
  }

  /** Confirm the document at the cursor as it is. @param {string} [title] */
  async confirm(title) {
    const here = this.current;
    if (!here) return;
    const one = await api.pageDocument(here.document, this.dataset, this.signal);
    const guids = one.pages_in_order.map((/** @type {Scan} */ page) => page.guid);
    await this.#decide('confirm', guids, [here], { document: here.document, title: title || null });
  }

  /** Put the page at the cursor into the document beside its own, and confirm that one. @param {-1 | 1} step */
  async give(step) {
    const here = this.current;
    if (!here) return false;
    const own = await api.pageDocument(here.document, this.dataset, this.signal);
    const other = step < 0 ? own.before : own.after;
    if (!other) return false;
    const target = await api.pageDocument(other, this.dataset, this.signal);
    const pages = target.pages_in_order.map((/** @type {Scan} */ page) => page.guid);
    const guids = step < 0 ? [...pages, here.guid] : [here.guid, ...pages];
    const seen = this.scans.find((scan) => scan.document === other) ?? target;
    await this.#decide('confirm', guids, [here, seen], { document: other });
    return true;
  }

  /** @returns {Promise<boolean>} */
  async undo() {
    const last = this.made.at(-1);
    if (!last) return false;
    await api.decidePages({ decision_id: decisionId(), dataset: this.dataset, decision: 'undo', undoes: last, ...this.#who() });
    this.made.pop();
    await this.load(this.cursor);
    return true;
  }

  /** @param {string} decision @param {string[]} guids @param {{tag: string}[]} seen @param {object} [more] */
  async #decide(decision, guids, seen, more = {}) {
    const id = decisionId();
    const expects = [...new Set(seen.map((one) => one.tag))];
    await api.decidePages({ decision_id: id, dataset: this.dataset, decision, guids, expects, ...this.#who(), ...more });
    this.made.push(id);
    await this.load(this.cursor);
  }

  #who() {
    return this.reviewer ? { reviewer: this.reviewer } : {};
  }
}

/** Tell whether a scan and the one before it are at hand. @param {Scan[]} scans @param {number} place */
function reaches(scans, place) {
  return [place, Math.max(0, place - 1)].every((wanted) => scans.some((scan) => scan.place === wanted));
}
