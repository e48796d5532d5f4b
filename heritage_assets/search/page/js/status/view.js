/**
 * What the archive holds and what is going on, live while somebody watches.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { nothingHarvested, loading, showError } from '../ui/messages.js';
import { batchTable } from './batches.js';
import { archiveFlow, encoderFacts, failureBars, lakeTables, runList } from './parts.js';
import { watchStatus } from './stream.js';

/** @param {HTMLElement} host @returns {import('../core/router.js').View} */
export function statusView(host) {
  const leaving = new AbortController();
  const live = h('span', { class: 'live', role: 'status' }, 'Connecting');
  const body = h('div', {}, loading('the status'));
  fill(host, h('div', { class: 'view' }, h('header', {}, h('h1', { class: 'grow' }, 'Status'), live), body));

  const draw = (/** @type {any} */ status) => {
    if (!status.archive.batches) return fill(body, nothingHarvested(status.hint));
    const scrolled = [...body.querySelectorAll('.scroll')].map((one) => one.scrollLeft);
    fill(
      body,
      status.vector_store.problem && h('p', { class: 'notice', role: 'alert' }, `The vector store does not answer: ${status.vector_store.problem}. Searching waits until it is back; nothing is lost.`),
      archiveFlow(status.archive),
      h('section', { class: 'status-wide', 'aria-labelledby': 'batches-title' }, h('h2', { id: 'batches-title' }, 'Batches'), batchTable(status.batches)),
      h('div', { class: 'status-columns' }, failureBars(status), runList(status.runs), encoderFacts(status)),
      lakeTables(status),
    );
    body.querySelectorAll('.scroll').forEach((/** @type {Element} */ one, /** @type {number} */ index) => (one.scrollLeft = scrolled[index] ?? 0));
  };

  async function load(tries = 0) {
    try {
      draw(await api.status(leaving.signal));
      if (tries === 0) listen();
    } catch (error) {
      if (!api.isAbort(error)) showError(body, error, () => load(tries + 1), leaving.signal, tries);
    }
  }

  function listen() {
    watchStatus({
      signal: leaving.signal,
      onStatus(status) {
        live.className = `live ${status.running ? 'working' : 'on'}`;
        fill(live, status.running ? 'Live: the chain is running' : 'Live');
        draw(status);
      },
      onLost() {
        live.className = 'live';
        fill(live, 'Connection lost; trying again');
      },
    });
  }
  load();
  return { leave: () => leaving.abort() };
}
