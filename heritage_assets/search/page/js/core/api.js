/**
 * The one place that talks to the server: addresses, time limits, errors. Shapes are those of `/openapi.json`.
 * @module
 */

const BASE = '/api/v1';
const SECONDS = 30;

/** An answer that is no success. `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} detail */
  constructor(status, code, detail) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

/** Whether the error only says that the view was left. @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === 'AbortError';

/**
 * @param {string} path below /api/v1
 * @param {{params?: URLSearchParams, method?: string, json?: unknown, form?: FormData, signal?: AbortSignal}} [request]
 * @returns {Promise<any>}
 */
export async function call(path, { params, method = 'GET', json, form, signal } = {}) {
  const query = params?.toString();
  const limit = AbortSignal.timeout(SECONDS * 1000);
  const response = await reach(`${BASE}${path}${query ? `?${query}` : ''}`, {
    method,
    body: json === undefined ? form : JSON.stringify(json),
    headers: json === undefined ? {} : { 'content-type': 'application/json' },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  throw await problemOf(response);
}

/** @param {string} url @param {RequestInit} request */
async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (isAbort(error)) throw error;
    const slow = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError(0, 'unreachable', slow ? `No answer within ${SECONDS} seconds.` : 'The server does not answer: it may be restarting, or the network is down.');
  }
}

/** @param {Response} response */
async function problemOf(response) {
  const text = await response.text();
  try {
    const { code = 'error', detail } = JSON.parse(text);
    return new ApiError(response.status, code, typeof detail === 'string' ? detail : response.statusText);
  } catch {
    return new ApiError(response.status, 'error', response.statusText || `Status ${response.status}`);
  }
}

/** A guid as the tail of a path. @param {string} guid */
export const tail = (guid) => encodeURIComponent(guid);

/** @param {string} guid @param {'thumbnail' | 'derivative'} size */
export const imageUrl = (guid, size) => `/image/${tail(guid)}?size=${size}`;

/** Address of a stream of server-sent events. */
export const statusStreamUrl = `${BASE}/status/stream`;

/** @param {AbortSignal} [signal] */
export const getMeta = (signal) => call('/meta', { signal });

/** @typedef {{params: URLSearchParams, picture?: Blob | null, guids?: string[] | null}} Question `guids`: only these records */

/** @param {Question} question @param {AbortSignal} signal */
export const search = (question, signal) => call('/search', { ...put(question), signal });

/** Counts by field, under the filters of a question. @param {Question} question @param {AbortSignal} signal */
export const facets = (question, signal) => call('/facets', { ...put(question), signal });

/**
 * All answers of a search as a file.
 * @param {Question} question @param {'csv' | 'jsonl' | 'parquet'} form @param {AbortSignal} signal
 * @returns {Promise<Blob>}
 */
export async function exportSearch(question, form, signal) {
  const { params, ...request } = put(question);
  const response = await reach(`${BASE}/export/search.${form}${params ? `?${params}` : ''}`, { method: request.method, body: request.form, signal });
  if (response.ok) return response.blob();
  throw await problemOf(response);
}

/** In an address where it fits, else as a form. @param {Question} question */
function put({ params, picture, guids }) {
  if (!picture && !guids) return { params };
  const form = new FormData();
  for (const [name, value] of params) form.append(name, value);
  if (picture) form.append('image', picture, 'picture');
  if (guids) form.append('guids', guids.join('\n'));
  return { method: 'POST', form };
}

/** @param {string} guid @param {AbortSignal} [signal] */
export const record = (guid, signal) => call(`/records/${tail(guid)}`, { signal });

/** @param {string} guid @param {string} by @param {AbortSignal} signal */
export const similar = (guid, by, signal) => call(`/similar/${tail(guid)}`, { params: new URLSearchParams({ by, limit: '24' }), signal });

/** @param {number} offset @param {number} limit @param {AbortSignal} signal */
export const groups = (offset, limit, signal) =>
  call('/duplicates', { params: new URLSearchParams({ offset: String(offset), limit: String(limit) }), signal });

/** @param {string} canonicalId @param {AbortSignal} signal */
export const group = (canonicalId, signal) => call(`/duplicates/${tail(canonicalId)}`, { signal });

/** Why two records are, or are not, one object. @param {string} a @param {string} b @param {AbortSignal} signal */
export const pair = (a, b, signal) => call('/pairs', { params: new URLSearchParams({ a, b }), signal });

/** @param {number} offset @param {number} limit @param {AbortSignal} [signal] */
export const reviewQueue = (offset, limit, signal) =>
  call('/review', { params: new URLSearchParams({ offset: String(offset), limit: String(limit) }), signal });

/** @param {object} decision */
export const decide = (decision) => call('/review', { method: 'POST', json: decision });

/** @param {Record<string, any>} wanted dataset, show, sort, offset, limit @param {AbortSignal} signal */
export const documents = (wanted, signal) => call('/documents', { params: given(wanted), signal });

/** @param {string} id @param {string | null} dataset null: whichever has it @param {AbortSignal} signal */
export const pageDocument = (id, dataset, signal) => call(`/documents/${tail(id)}`, { params: given({ dataset }), signal });

/** Scans around a place in scanning order; without one, around the greatest doubt. @param {string} dataset @param {number | undefined} around @param {AbortSignal} signal */
export const filmstrip = (dataset, around, signal) => call('/filmstrip', { params: given({ dataset, around }), signal });

/** @param {object} decision about scans of one dataset */
export const decidePages = (decision) => call('/documents/decisions', { method: 'POST', json: decision });

/** @param {Record<string, any>} values those that are null or undefined are left out */
function given(values) {
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => [name, String(value)]));
}

/** @param {AbortSignal} [signal] */
export const mapData = (signal) => call('/map', { signal });

/** @param {AbortSignal} [signal] */
export const status = (signal) => call('/status', { signal });

/** @param {string[]} guids @param {AbortSignal} [signal] */
export const cards = (guids, signal) => call('/cards', { method: 'POST', json: { guids }, signal });

/** Be known by a key; the server remembers it in a cookie. @param {string} key */
export const signIn = (key) => call('/session', { method: 'POST', json: { key } });
