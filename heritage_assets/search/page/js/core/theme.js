/**
 * Light and dark: the system's preference, or the person's choice, which is remembered.
 * @module
 */

const KEY = 'heritage.theme';

/** The theme in force. @returns {'light' | 'dark'} */
export function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Switch to the other theme, and tell listeners of `themechange`. */
export function toggleTheme() {
  const next = currentTheme() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = next;
  remember(KEY, next);
  document.dispatchEvent(new CustomEvent('themechange', { detail: next }));
  return next;
}

/**
 * Keep a value for the next visit; where storage is forbidden, for this one only.
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    session.set(key, value);
  }
}

/**
 * Return what was kept, or null.
 * @param {string} key
 */
export function recall(key) {
  try {
    return localStorage.getItem(key) ?? session.get(key) ?? null;
  } catch {
    return session.get(key) ?? null;
  }
}

/** @type {Map<string, string>} */
const session = new Map();
