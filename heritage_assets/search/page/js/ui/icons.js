/**
 * Line icons, 24 × 24, drawn for this page. Decorative: the element that holds one carries the name.
 * @module
 */
import { svg } from '../core/dom.js';

const PATHS = {
  archive: 'M3 3h18v18H3z M4 18l6-7 4 4 3-3 3.5 4 M15.5 8.5h.01',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z M15.5 15.5L21 21',
  image: 'M3 5h18v14H3z M3.5 16.5L9 11l4 4 3-3 4.5 4.5 M8 8.5h.01',
  copies: 'M8 8h12v12H8z M16 8V4H4v12h4',
  review: 'M4 5h7v14H4z M13 5h7v14h-7z M15.2 12l1.4 1.5 2.4-3',
  pages: 'M7 3h9l4 4v12H7z M16 3v4h4 M4 7v14h12',
  map: 'M9 4L3 6.5v13.5l6-2.5 6 2.5 6-2.5V4l-6 2.5z M9 4v13.5 M15 6.5V20',
  status: 'M3 13h4l2.5-7 4.5 13 2.5-6H21',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8z M12 2v2 M12 20v2 M2 12h2 M20 12h2 M5 5l1.4 1.4 M17.6 17.6L19 19 M5 19l1.4-1.4 M17.6 6.4L19 5',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  close: 'M5 5l14 14 M19 5L5 19',
  plus: 'M12 5v14 M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V4h5 M20 9V4h-5 M4 15v5h5 M20 15v5h-5',
  left: 'M15 4l-8 8 8 8',
  right: 'M9 4l8 8-8 8',
  filter: 'M3 5h18l-7 8.5V20l-4-2v-4.5z',
  external: 'M14 4h6v6 M20 4l-9 9 M18 14v6H4V6h6',
  download: 'M12 3v12 M7 10.5l5 5 5-5 M4 20h16',
  link: 'M10 14a4.5 4.5 0 0 0 6.4 0l3-3A4.5 4.5 0 0 0 13 4.6L11.500 6 M14 10a4.500 4.500 0 0 0-6.4 0l-3 3A4.500 4.500 0 0 0 11 19.400L12.500 18',
  lasso: 'M4 10c0-3.500 3.600-6 8-6s8 2.500 8 6-3.600 6-8 6c-1.500 0-2.900-.3-4.100-.8 M7 13a2 2 0 1 0 0 4 2 2 0 0 0 0-4z M7 17c0 2-1 3.500-2.500 4',
  undo: 'M8 5L4 9l4 4 M4 9h10a5 5 0 0 1 0 10h-3',
  warning: 'M12 4L2.500 20h19z M12 10v4.500 M12 17.500h.01',
  check: 'M4 12.500l5 5L20 6.500',
  similar: 'M8.500 4a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9z M15.500 11a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9z',
  help: 'M9 9a3 3 0 1 1 4.200 2.700c-.8.4-1.200 1-1.200 2V14 M12 17.500h.01 M12 2.500a9.500 9.500 0 1 1 0 19 9.500 9.500 0 0 1 0-19z',
  key: 'M8 11a4 4 0 1 1 0 8 4 4 0 0 1 0-8z M11 12.500L20 3.500 M16 7.500l3 3',
};

/** @typedef {keyof typeof PATHS} IconName */

/** Draw an icon. @param {IconName} name */
export function icon(name) {
  const shape = svg('path', {
    d: PATHS[name],
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': 1.7,
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
  });
  return svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true', width: 18, height: 18 }, shape);
}
