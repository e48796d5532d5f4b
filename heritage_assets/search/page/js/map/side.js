/**
 * Beside the map: the clusters to go to, and what the lasso caught.
 * @module
 */
import * as api from '../core/api.js';
import { fill, h } from '../core/dom.js';
import { count, plural } from '../core/format.js';
import { address } from '../core/router.js';
import { icon } from '../ui/icons.js';
import { picture } from '../ui/picture.js';
import { saveMenu, saveSearch } from '../ui/save.js';
import { MOST_GUIDS } from './area.js';
import { clusterColour } from './colours.js';

/** @typedef {import('../core/types.js').MapData} MapData */
/** @typedef {import('../core/types.js').Cluster} Cluster */

const SHOWN = 24;

/** @param {MapData} map @param {boolean} dark @param {(cluster: Cluster) => void} goTo */
export function clusterList(map, dark, goTo) {
  if (map.clusters.length === 0) return h('p', { class: 'quiet' }, 'No clusters yet: they are made once enough records are validated.');
  return h(
    'ul',
    { class: 'cluster-list' },
    ...map.clusters.map((cluster, index) =>
      h(
        'li',
        {},
        h('button', { class: 'cluster', type: 'button', on: { click: () => goTo(cluster) } }, h('span', { class: 'dot', css: { '--dot': `rgb(${clusterColour(index, dark).join(' ')})` } }), h('span', { class: 'cluster-name' }, cluster.label || cluster.cluster_id), h('span', { class: 'quiet' }, count(cluster.size))),
        h('a', { class: 'button bare icon', href: address('search', '', { cluster_id: cluster.cluster_id }), 'aria-label': `Search in ${cluster.label || cluster.cluster_id}`, title: 'Search in this cluster' }, icon('search')),
      ),
    ),
  );
}

/**
 * @param {HTMLElement} host @param {MapData} map @param {number[]} chosen indices @param {string} area
 * @param {() => void} clear @param {AbortSignal} signal
 */
export async function showSelection(host, map, chosen, area, clear, signal) {
  const guids = chosen.map((index) => map.guid[index]);
  const strip = h('ul', { class: 'selection-grid' });
  fill(
    host,
    h('h2', {}, plural(guids.length, 'object'), ' chosen'),
    h(
      'div',
      { class: 'chips' },
      guids.length > 0 && h('a', { class: 'button primary', href: address('search', '', { area }) }, icon('search'), 'Search in them'),
      guids.length > 0 && saveMenu((form) => saveSearch({ params: new URLSearchParams({ sort: 'guid' }), guids: guids.slice(0, MOST_GUIDS) }, form, signal)),
      h('button', { class: 'button', type: 'button', on: { click: clear } }, 'Clear'),
    ),
    strip,
    guids.length > MOST_GUIDS && h('p', { class: 'notice' }, `Search and export take the first ${count(MOST_GUIDS)}: draw a smaller area for the rest.`),
    guids.length > SHOWN && h('p', { class: 'quiet small' }, `The first ${SHOWN} are shown.`),
  );
  if (guids.length === 0) return;
  const { cards } = await api.cards(guids.slice(0, SHOWN), signal);
  fill(strip, ...cards.map((/** @type {import('../core/types.js').Card} */ card) => h('li', {}, h('a', { class: 'mini-picture', href: address('record', card.guid), title: card.title || card.guid }, picture(card)))));
}
