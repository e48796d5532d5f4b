/**
 * What is searched for, as the address holds it and as the API takes it.
 * @module
 */

/**
 * @typedef {object} SearchState
 * @property {string} text
 * @property {string} like guid of a record whose picture is searched with
 * @property {string} picture an own picture as base64url WebP or JPEG, small enough for an address
 * @property {number} weight of the picture against the text, 0 to 1
 * @property {string} area a part of the map, as `map/area.js` writes it
 * @property {Record<string, string[]>} filters
 * @property {[number | null, number | null]} years
 * @property {string} sort
 * @property {boolean} copies show every copy instead of one record for each object
 * @property {number} shown how many results are loaded
 */

export const PAGE = 60;
export const MOST_SHOWN = 600;
export const FILTERS = ['dataset', 'provider', 'data_provider', 'type', 'language', 'country', 'rights_category', 'cluster_id', 'embedding_status', 'creator', 'subject'];

/** @param {URLSearchParams} params @returns {SearchState} */
export function readState(params) {
  /** @type {Record<string, string[]>} */
  const filters = {};
  for (const name of FILTERS) if (params.has(name)) filters[name] = params.getAll(name);
  return {
    text: params.get('q') ?? '',
    like: params.get('like') ?? '',
    picture: params.get('picture') ?? '',
    weight: inRange(params.get('weight'), 0, 1, 0.5),
    area: params.get('area') ?? '',
    filters,
    years: [year(params.get('from')), year(params.get('to'))],
    sort: params.get('sort') ?? '',
    copies: params.get('copies') === '1',
    shown: Math.round(inRange(params.get('shown'), PAGE, MOST_SHOWN, PAGE)),
  };
}

/** @param {SearchState} state @returns {Record<string, any>} */
export function writeState(state) {
  return {
    q: state.text,
    like: state.like,
    picture: state.picture,
    weight: asksBoth(state) && state.weight !== 0.5 ? state.weight : null,
    area: state.area,
    ...state.filters,
    from: state.years[0],
    to: state.years[1],
    sort: state.sort,
    copies: state.copies ? 1 : null,
    shown: state.shown > PAGE ? state.shown : null,
  };
}

/** The filters as the API takes them. @param {SearchState} state */
export function filterParams(state) {
  const params = new URLSearchParams();
  for (const [name, values] of Object.entries(state.filters)) for (const value of values) params.append(name, value);
  const [from, to] = state.years;
  if (from !== null) params.set('year_from', String(from));
  if (to !== null) params.set('year_to', String(to));
  return params;
}

/** The question as the API takes it, page by page. @param {SearchState} state @param {number} offset @param {number} limit */
export function questionParams(state, offset, limit) {
  const params = exportParams(state);
  params.set('offset', String(offset));
  params.set('limit', String(limit));
  return params;
}

/** The whole question as the API takes it. @param {SearchState} state */
export function exportParams(state) {
  const params = filterParams(state);
  if (state.text) params.set('q', state.text);
  if (state.like) params.set('like', state.like);
  if (asksBoth(state)) params.set('weight', String(state.weight));
  if (state.sort) params.set('sort', state.sort);
  params.set('collapse', String(!state.copies));
  return params;
}

/** @param {SearchState} state */
export const asksBoth = (state) => Boolean(state.text && (state.like || state.picture));

/** @param {SearchState} state */
export const asksNothing = (state) => !state.text && !state.like && !state.picture;

/** @param {SearchState} state */
export const filterCount = (state) =>
  Object.values(state.filters).reduce((sum, values) => sum + values.length, 0) + (state.years[0] !== null || state.years[1] !== null ? 1 : 0) + (state.area ? 1 : 0);

/** What takes every filter away. @returns {Partial<SearchState>} */
export const noFilters = () => ({ filters: {}, years: [null, null], area: '' });

/** @param {string | null} text @param {number} least @param {number} most @param {number} otherwise */
function inRange(text, least, most, otherwise) {
  const value = text === null ? NaN : Number(text);
  return Number.isFinite(value) ? Math.min(Math.max(value, least), most) : otherwise;
}

/** @param {string | null} text */
function year(text) {
  const value = text ? Number(text) : NaN;
  return Number.isInteger(value) ? value : null;
}
