/**
 * Addresses: `#/view/id?name=value`. The fragment holds the whole state of a view, so any address can be shared.
 * @module
 */

/**
 * @typedef {object} Route
 * @property {string} view first part of the path
 * @property {string} id the rest of the path, decoded; empty when there is none
 * @property {URLSearchParams} params
 */

/**
 * @typedef {object} View
 * @property {(route: Route) => void} [update] the same view and id with other parameters; without it the view is made anew
 * @property {() => void} [leave] stops what the view has going
 */

/** Read an address. @param {string} hash @returns {Route} */
export function parse(hash) {
  const [path = '', query = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  const [view = '', id = ''] = splitOnce(path, '/');
  return { view: view || 'search', id: decode(id), params: new URLSearchParams(query) };
}

/**
 * Write an address. Empty values are left out.
 * @param {string} view
 * @param {string} [id]
 * @param {URLSearchParams | Record<string, any>} [params]
 */
export function address(view, id = '', params = {}) {
  const given = params instanceof URLSearchParams ? params : toParams(params);
  const query = given.toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ''}${query ? `?${query}` : ''}`;
}

/** @param {Record<string, any>} values */
export function toParams(values) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === '' || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one));
  }
  return params;
}

/**
 * Go to an address. `replace` keeps the history short while a person drags or types.
 * @param {string} hash
 * @param {{replace?: boolean, silent?: boolean}} [how] `silent`: only the address changes, the view already shows it
 */
export function go(hash, { replace = false, silent = false } = {}) {
  if (hash === location.hash) return;
  if (replace) history.replaceState(history.state, '', hash);
  else {
    saveScroll();
    history.pushState(null, '', hash);
  }
  if (!silent) window.dispatchEvent(new Event('routechange'));
}

/** Remember how far the page is scrolled, for the way back. */
export function saveScroll() {
  history.replaceState({ ...history.state, scroll: window.scrollY }, '');
}

/** How far the page was scrolled when this address was left; 0 when it is new. @returns {number} */
export function savedScroll() {
  return Number(history.state?.scroll ?? 0);
}

/**
 * Show the view of each address.
 * @param {Record<string, (host: HTMLElement, route: Route) => View>} views
 * @param {HTMLElement} host
 * @param {(route: Route) => void} shown
 */
export function startRouter(views, host, shown) {
  /** @type {View | null} */
  let view = null;
  let key = '';
  const show = () => {
    const route = parse(location.hash);
    const make = views[route.view] ?? views.missing;
    const nextKey = `${route.view}/${route.id}`;
    if (view?.update && nextKey === key) view.update(route);
    else {
      view?.leave?.();
      host.replaceChildren();
      if (!savedScroll()) window.scrollTo(0, 0);
      view = make(host, route);
      key = nextKey;
    }
    shown(route);
  };
  history.scrollRestoration = 'manual';
  addEventListener('routechange', show);
  addEventListener('popstate', show);
  document.addEventListener('click', followLink);
  show();
}

/** Let links inside the page save the scroll before they are followed. @param {MouseEvent} event */
function followLink(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a[href^="#/"]') : null;
  if (!link) return;
  event.preventDefault();
  go(link.getAttribute('href') ?? '#/');
}

/** @param {string} text @param {string} sign */
function splitOnce(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
