/**
 * One record: its picture, what is said of it and by whom, its copies, its kin, and how it came here.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h, isTyping } from '../core/dom.js';
import { address, go, toParams } from '../core/router.js';
import { readState, writeState } from '../search/state.js';
import { aspectOf } from '../search/card.js';
import { aroundOf } from '../search/trail.js';
import { icon } from '../ui/icons.js';
import { loading, showError } from '../ui/messages.js';
import { picture } from '../ui/picture.js';
import { copyText } from '../ui/toast.js';
import { copiesSection } from './copies.js';
import { metadata, rightsBadge } from './metadata.js';
import { similarSection } from './similar.js';
import { zoomable } from './zoom.js';

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function recordView(host, route) {
  const leaving = new AbortController();
  const view = h('article', { class: 'view record' });
  const params = toParams(writeState(readState(route.params)));
  const back = address('search', '', params);
  const around = aroundOf(route.id);
  fill(host, view);

  async function load(tries = 0) {
    if (!view.hasChildNodes()) fill(view, loading('the record'));
    try {
      const detail = await api.record(route.id, leaving.signal);
      document.title = `${detail.card.title || detail.card.guid} – Heritage archive`;
      draw(view, detail, { back, around, params }, leaving.signal);
    } catch (error) {
      if (!api.isAbort(error)) showError(view, error, () => load(tries + 1), leaving.signal, tries);
    }
  }

  const to = (/** @type {string | null} */ guid) => guid && go(address('record', guid, params), { replace: true });
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (isTyping(event) || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest('[role="radiogroup"], [role="tablist"], input')) return;
    if (event.key === 'Escape') go(back);
    else if (event.key === 'ArrowLeft') to(around.before);
    else if (event.key === 'ArrowRight') to(around.after);
    else if (['+', '=', '-', '0'].includes(event.key)) {
      view.querySelector('.zoom-box')?.dispatchEvent(new CustomEvent('zoomkey', { detail: event.key === '=' ? '+' : event.key }));
    }
  };
  document.addEventListener('keydown', onKey, { signal: leaving.signal });
  load();
  return { leave: () => leaving.abort() };
}

/**
 * @param {HTMLElement} view @param {any} detail
 * @param {{back: string, around: ReturnType<typeof aroundOf>, params: URLSearchParams}} place
 * @param {AbortSignal} signal
 */
function draw(view, detail, { back, around, params }, signal) {
  const { card } = detail;
  fill(
    view,
    h(
      'nav',
      { class: 'record-nav', 'aria-label': 'Results' },
      h('a', { class: 'button bare', href: back }, icon('left'), 'Results'),
      around.of > 0 && around.at > 0 && h('span', { class: 'quiet small' }, `${around.at} of ${around.of}`),
      step('left', 'The record before', around.before, params),
      step('right', 'The record after', around.after, params),
    ),
    h(
      'div',
      { class: 'record-body' },
      h('div', { class: 'record-picture' }, zoomable(picture(card, { size: 'image', eager: true }), aspectOf(card)), actions(detail)),
      h(
        'div',
        { class: 'record-text' },
        h('h1', {}, card.title || 'Untitled'),
        h('p', { class: 'record-by' }, [card.creator, card.date || card.year].filter(Boolean).join(', ')),
        h('p', { class: 'chips' }, rightsBadge(card), card.status === 'pending' && h('span', { class: 'badge warn' }, 'Not validated yet')),
        detail.description && h('p', { class: 'record-description' }, detail.description),
        metadata(detail),
      ),
    ),
    copiesSection(detail),
    similarSection(card, params, signal),
  );
}

/** @param {any} detail */
function actions({ card, links, document: page }) {
  const like = address('search', '', { like: card.guid });
  return h(
    'div',
    { class: 'chips actions' },
    card.thumbnail && h('a', { class: 'button', href: like }, icon('similar'), 'Search with this picture'),
    page && h('a', { class: 'button', href: address('documents', page.document, { dataset: page.dataset }) }, icon('pages'), `Page ${page.position} of ${page.pages} of a document`),
    links.provider_page && outside(links.provider_page, 'At the provider'),
    links.provider_image && outside(links.provider_image, 'Original picture'),
    links.iiif_service && outside(`${links.iiif_service.replace(/\/$/, '')}/info.json`, 'IIIF image'),
    links.iiif_manifest && outside(links.iiif_manifest, 'IIIF manifest'),
    h('button', { class: 'button', type: 'button', on: { click: () => copyText(location.href, 'Address') } }, icon('link'), 'Copy link'),
  );
}

/** A link that leaves the page. @param {string} href @param {string} name */
export function outside(href, name) {
  return h('a', { class: 'button', href, target: '_blank', rel: 'noopener noreferrer' }, name, icon('external'), h('span', { class: 'sr' }, ' (opens a new tab)'));
}

/** @param {'left' | 'right'} sign @param {string} name @param {string | null} guid @param {URLSearchParams} params */
function step(sign, name, guid, params) {
  const inside = guid ? { href: address('record', guid, params) } : { 'aria-disabled': 'true', role: 'link' };
  return h('a', { class: 'button bare icon', 'aria-label': name, title: name, ...inside }, icon(sign));
}
