/**
 * The map of the archive: every object a point, near each other when they look alike.
 * @module
 */
import * as api from '../core/api.js';
import { debounce, fill, h, setCss } from '../core/dom.js';
import { count } from '../core/format.js';
import { address, go } from '../core/router.js';
import { currentTheme } from '../core/theme.js';
import { icon } from '../ui/icons.js';
import { loading, message, nothingHarvested, showError } from '../ui/messages.js';
import { picture } from '../ui/picture.js';
import { indicesInside, loadMap, readArea, writeArea } from './area.js';
import { Camera, extentOf } from './camera.js';
import { pointColours } from './colours.js';
import { mapGestures } from './gestures.js';
import { PlaceIndex } from './index.js';
import { Overlay } from './overlay.js';
import { pointsPainter } from './points-painter.js';
import { clusterList, showSelection } from './side.js';

/** @typedef {import('../core/types.js').MapData} MapData */

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export function mapView(host, route) {
  const leaving = new AbortController();
  const body = h('div', { class: 'map-body' }, loading('the map'));
  fill(host, h('div', { class: 'view map-view' }, h('h1', { class: 'sr' }, 'Map'), body));
  /** @type {((route: import('../core/router.js').Route) => void) | null} */
  let follow = null;
  async function load(tries = 0) {
    try {
      const map = await loadMap({ fresh: true });
      if (leaving.signal.aborted) return;
      if (map.guid.length === 0) fill(body, await nothing(map, leaving.signal));
      else follow = drawMap(body, map, route, leaving.signal);
    } catch (error) {
      if (!api.isAbort(error)) showError(body, error, () => load(tries + 1), leaving.signal, tries);
    }
  }
  load();
  return {
    update: (next) => follow?.(next),
    leave: () => leaving.abort(),
  };
}

/** @param {MapData} map @param {AbortSignal} signal */
async function nothing(map, signal) {
  const meta = await api.getMeta(signal);
  if (meta.records === 0) return nothingHarvested(map.hint ?? undefined);
  return message({ icon: 'map', title: 'No map yet', text: map.hint || 'The map is drawn when the clusters are made, at the end of the chain.', command: 'heritage materialize' });
}

/**
 * @param {HTMLElement} body @param {MapData} map @param {import('../core/router.js').Route} route @param {AbortSignal} signal
 * @returns {(route: import('../core/router.js').Route) => void}
 */
function drawMap(body, map, route, signal) {
  const points = h('canvas', { 'aria-hidden': 'true' });
  const above = h('canvas', { 'aria-hidden': 'true' });
  const tip = h('div', { class: 'map-tip', hidden: true });
  const frame = h('div', { class: 'map-frame', tabindex: 0, role: 'application', 'aria-label': `Map of ${count(map.guid.length)} objects. Arrow keys move, plus and minus zoom, Enter opens what is in the middle. The clusters are listed beside it.` }, points, above, tip);
  const lasso = h('button', { class: 'button', type: 'button', 'aria-pressed': 'false' }, icon('lasso'), 'Lasso');
  const side = h('aside', { class: 'map-side', 'aria-label': 'Clusters and selection' });
  const tools = h('div', { class: 'map-tools' }, lasso, tool('plus', 'Closer', () => zoom(1.6)), tool('minus', 'Farther', () => zoom(1 / 1.6)), tool('fit', 'Whole map', () => act(() => camera.reset())));
  const whole = h('button', { class: 'button', type: 'button', on: { click: () => act(() => camera.reset()) } }, 'Show the whole map');
  const lost = h('p', { class: 'map-lost', role: 'status', hidden: true }, 'Nothing lies here.', whole);
  fill(body, h('div', { class: 'map-stage' }, frame, tools, lost), side);

  const extent = extentOf(map.x, map.y);
  const camera = new Camera(extent);
  const places = new PlaceIndex(map.x, map.y, extent);
  const interleaved = new Float32Array(map.x.length * 2);
  for (let index = 0; index < map.x.length; index += 1) interleaved.set([map.x[index], map.y[index]], index * 2);
  const painter = pointsPainter(points, interleaved);
  let wanted = 0;
  const redraw = () => {
    wanted ||= requestAnimationFrame(() => {
      wanted = 0;
      // Before the frame is measured a point would be as large as the window, and 100,000 of them stop the machine.
      if (camera.width <= 1) return;
      painter.draw(camera, pointSize(camera.zoom, map.guid.length));
      frame.dataset.drawn = 'yes';
      overlay.draw(camera, themeColours(frame));
      lost.hidden = places.within(camera.sight, 1)?.length !== 0;
    });
  };
  const overlay = new Overlay(above, map, places, redraw);
  frame.dataset.painter = painter.kind;

  /** @type {Set<number> | null} */
  let chosen = null;
  const recolour = () => {
    painter.colour(pointColours(map.cluster, currentTheme() === 'dark', chosen));
    redraw();
  };
  const act = (/** @type {() => void} */ change) => {
    change();
    redraw();
    remember();
  };
  const zoom = (/** @type {number} */ factor) => act(() => camera.zoomBy(factor));
  const remember = debounce(() => {
    if (!signal.aborted) go(address('map', '', { ...place(camera), area: readParam('area') }), { replace: true, silent: true });
  }, 300);

  const under = (/** @type {number} */ px, /** @type {number} */ py, radius = 14) => places.nearest(...camera.toMap(px, py), radius / camera.scale);
  const showTip = tipFor(tip, map, camera, signal);
  mapGestures(frame, {
    pan: (dx, dy) => act(() => camera.pan(dx, dy)),
    zoom: (factor, x, y) => act(() => camera.zoomBy(factor, x, y)),
    reset: () => act(() => camera.reset()),
    hover: (x, y) => hold(under(x, y)),
    away: () => hold(-1),
    click: (x, y) => {
      const index = under(x, y, 22);
      if (index >= 0) go(address('record', map.guid[index]));
    },
    lassoing: () => lasso.getAttribute('aria-pressed') === 'true',
    lasso(line, done) {
      overlay.line = line.map(([x, y]) => camera.toMap(x, y));
      if (!done) return redraw();
      lasso.setAttribute('aria-pressed', 'false');
      select(overlay.line.length > 4 ? writeArea(overlay.line) : '');
    },
  });
  lasso.addEventListener('click', () => lasso.setAttribute('aria-pressed', String(lasso.getAttribute('aria-pressed') !== 'true')));

  function hold(/** @type {number} */ index) {
    if (overlay.held === index) return;
    overlay.held = index;
    showTip(index);
    redraw();
  }
  const select = (/** @type {string} */ area) => go(address('map', '', { ...place(camera), area }), { replace: true });
  function showArea(/** @type {string} */ area) {
    overlay.line = readArea(area);
    const indices = overlay.line.length ? indicesInside(map, overlay.line) : null;
    chosen = indices && new Set(indices);
    recolour();
    if (indices) showSelection(side, map, indices, area, () => select(''), signal).catch((error) => api.isAbort(error) || console.error(error));
    else fill(side, h('h2', {}, 'Clusters'), clusterList(map, currentTheme() === 'dark', goTo));
  }
  function goTo(/** @type {import('../core/types.js').Cluster} */ cluster) {
    if (cluster.x === null || cluster.y === null) return;
    act(() => Object.assign(camera, { x: cluster.x, y: cluster.y, zoom: Math.min(Math.max(camera.zoom, 4), 12) }));
    frame.focus();
  }

  const observer = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = frame;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    for (const canvas of [points, above]) [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    camera.resize(width, height);
    redraw();
  });
  observer.observe(frame);
  document.addEventListener('themechange', () => showArea(readParam('area')), { signal });
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
  const follow = (/** @type {import('../core/router.js').Route} */ { params }) => {
    const [x, y, zoomed] = ['x', 'y', 'z'].map((name) => Number(params.get(name) ?? NaN));
    if ([x, y, zoomed].every(Number.isFinite)) Object.assign(camera, { x, y, zoom: Math.max(0.7, zoomed) });
    else if (!params.has('area')) camera.reset();
    showArea(params.get('area') ?? '');
  };
  follow(route);
  return follow;
}

/** @param {import('../ui/icons.js').IconName} sign @param {string} name @param {() => void} run */
const tool = (sign, name, run) => h('button', { class: 'button icon', type: 'button', 'aria-label': name, title: name, on: { click: run } }, icon(sign));

/** @param {string} name */
const readParam = (name) => new URLSearchParams(location.hash.split('?')[1] ?? '').get(name) ?? '';

/** @param {Camera} camera */
const place = ({ x, y, zoom }) => (zoom === 1 ? {} : { x: x.toPrecision(5), y: y.toPrecision(5), z: zoom.toPrecision(3) });

/** Points grow as a person comes near. @param {number} zoom @param {number} amount */
const pointSize = (zoom, amount) => Math.min(12, (amount > 20_000 ? 2.6 : amount > 2_000 ? 4 : 6.5) * Math.sqrt(Math.max(zoom, 1)) ** 0.7);

/** @param {HTMLElement} frame */
function themeColours(frame) {
  const style = getComputedStyle(frame);
  const read = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { ink: read('--ink'), paper: read('--surface'), accent: read('--accent') };
}

/** A small card beside the point in hand. @param {HTMLElement} tip @param {MapData} map @param {Camera} camera @param {AbortSignal} signal */
function tipFor(tip, map, camera, signal) {
  /** @type {Map<string, import('../core/types.js').Card>} */
  const known = new Map();
  let now = -1;
  const ask = debounce(async (/** @type {number} */ index) => {
    if (index !== now || signal.aborted) return;
    try {
      const guid = map.guid[index];
      const card = known.get(guid) ?? (await api.cards([guid], signal)).cards[0];
      if (!card || index !== now) return;
      known.set(guid, card);
      const [px, py] = camera.toScreen(map.x[index], map.y[index]);
      setCss(tip, { left: `${Math.min(px + 16, camera.width - 200)}px`, top: `${Math.min(py + 16, camera.height - 230)}px` });
      fill(tip, h('span', { class: 'mini-picture' }, picture(card, { alt: '' })), h('span', { class: 'card-title' }, card.title || card.guid), h('span', { class: 'card-line' }, h('span', {}, [card.creator, card.date || card.year].filter(Boolean).join(', '))));
      tip.hidden = false;
    } catch (error) {
      if (!api.isAbort(error)) tip.hidden = true;
    }
  }, 60);
  return (/** @type {number} */ index) => {
    now = index;
    if (index < 0) tip.hidden = true;
    else ask(index);
  };
}
