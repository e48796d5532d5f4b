/**
 * The stream of server-sent events; the browser reconnects by itself, and this does where the browser gives up.
 * @module
 */
import { statusStreamUrl } from '../core/api.js';

const SECONDS = 10;

/**
 * @param {{signal: AbortSignal, onStatus: (status: any) => void, onLost: () => void}} listener
 */
export function watchStatus({ signal, onStatus, onLost }) {
  if (signal.aborted) return;
  const source = new EventSource(statusStreamUrl);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  source.addEventListener('status', (event) => onStatus(JSON.parse(event.data)));
  source.addEventListener('error', () => {
    onLost();
    // After an answer that is no stream (503 while the server restarts) the browser does not try again.
    if (source.readyState !== EventSource.CLOSED) return;
    timer = setTimeout(() => watchStatus({ signal, onStatus, onLost }), SECONDS * 1000);
  });
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer);
      source.close();
    },
    { once: true },
  );
}
