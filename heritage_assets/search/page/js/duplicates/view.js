/**
 * Duplicates: all groups, or one.
 * @module
 */
import { groupView } from './group.js';
import { groupsView } from './list.js';

/** @param {HTMLElement} host @param {import('../core/router.js').Route} route @returns {import('../core/router.js').View} */
export const duplicatesView = (host, route) => (route.id ? groupView(host, route) : groupsView(host, route));
