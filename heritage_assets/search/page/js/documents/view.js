/**
 * Documents of scanned pages: all of them, or one.
 * @module
 */
import { documentView } from './one.js';
import { listView } from './list.js';

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export const documentsView = (host, route) => (route.id ? documentView(host, route) : listView(host, route));
