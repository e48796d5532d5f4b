/**
 * The shapes of the API's answers that the page reads; the whole truth is `/openapi.json`.
 * @module
 */

/**
 * @typedef {object} Card
 * @property {string} guid
 * @property {string | null} [title]
 * @property {string | null} [creator]
 * @property {string | null} [date]
 * @property {number | null} [year]
 * @property {string | null} [type]
 * @property {string | null} [dataset]
 * @property {string | null} [provider]
 * @property {string | null} [data_provider]
 * @property {string | null} [country]
 * @property {string | null} [language]
 * @property {string | null} [rights]
 * @property {string | null} [rights_category]
 * @property {string[]} subject
 * @property {string[]} identifiers
 * @property {number | null} [width]
 * @property {number | null} [height]
 * @property {string | null} [thumbnail]
 * @property {string | null} [image]
 * @property {string | null} [embedding_status]
 * @property {string | null} [status]
 * @property {string | null} [canonical_id]
 * @property {boolean | null} [is_representative]
 * @property {number} copies
 * @property {string | null} [cluster_id]
 */

/** @typedef {Card & {score: number | null, match: string}} Hit */
/** @typedef {Hit & {image_cosine: number | null, text_cosine: number | null, shared: {field: string, value: string}[]}} SimilarHit */

/**
 * @typedef {object} Evidence
 * @property {string} guid_a
 * @property {string} guid_b
 * @property {number | null} image_cosine
 * @property {number | null} text_cosine
 * @property {number | null} hash_distance
 * @property {string | null} conflict
 * @property {string} verdict
 * @property {string} rule
 * @property {string | null} why
 */

/**
 * @typedef {object} Decision
 * @property {string} decision_id
 * @property {string} guid_a
 * @property {string} guid_b
 * @property {string} decision
 * @property {string | null} reviewer
 * @property {string | null} note
 * @property {string} decided_at
 * @property {'pending' | 'in_effect' | 'overruled' | 'superseded' | 'undone'} state
 */

/** @typedef {{a: Card, b: Card, evidence: Evidence, differences: string[], decision: Decision | null}} ReviewPair */
/** @typedef {{cluster_id: string, label: string | null, terms: string[], size: number | null, x: number | null, y: number | null}} Cluster */
/** @typedef {{guid: string[], x: number[], y: number[], cluster: number[], ratio: number[], clusters: Cluster[], hint: string | null}} MapData */
/** @typedef {{value: string | number, count: number, label: string | null}} FacetValue */
/** @typedef {{total: number, fields: Record<string, FacetValue[]>, years: FacetValue[], year_min: number | null, year_max: number | null, hint: string | null}} Facets */

export {};
