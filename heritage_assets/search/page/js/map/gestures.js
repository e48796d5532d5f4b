/**
 * Hands on the map: drag, wheel, pinch, keys, lasso, hover and click.
 * @module
 */

/**
 * @typedef {object} Actions
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, x: number, y: number) => void} zoom
 * @property {() => void} reset
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} away
 * @property {(x: number, y: number) => void} click
 * @property {(line: [number, number][], done: boolean) => void} lasso CSS pixels
 * @property {() => boolean} lassoing whether dragging draws a line
 */

const CLICK_PIXELS = 4;
const PAN_PIXELS = 80;

/** @param {HTMLElement} frame @param {Actions} actions */
export function mapGestures(frame, actions) {
  /** @type {Map<number, [number, number]>} */
  const fingers = new Map();
  /** @type {[number, number][] | null} */
  let line = null;
  let moved = 0;
  const at = (/** @type {MouseEvent} */ event) => {
    const box = frame.getBoundingClientRect();
    return /** @type {[number, number]} */ ([event.clientX - box.left, event.clientY - box.top]);
  };

  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    moved = 0;
    line = fingers.size === 1 && (event.shiftKey || actions.lassoing()) ? [at(event)] : null;
    actions.away();
  });
  frame.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    const now = at(event);
    if (!before) return event.pointerType === 'mouse' ? actions.hover(...now) : undefined;
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    if (line) {
      line.push(now);
      actions.lasso(line, false);
    } else if (fingers.size === 2) pinch(event.pointerId, before, now);
    else actions.pan(dx, dy);
    fingers.set(event.pointerId, now);
  });
  frame.addEventListener('pointerup', (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (line) actions.lasso(line, true);
    else if (moved < CLICK_PIXELS) actions.click(...at(event));
    line = null;
  });
  frame.addEventListener('pointercancel', (event) => fingers.delete(event.pointerId));
  frame.addEventListener('pointerleave', () => actions.away());
  frame.addEventListener('wheel', (event) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    actions.zoom(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 120 : 420)), ...at(event));
  }, { passive: false });
  frame.addEventListener('keydown', (event) => {
    const { clientWidth: width, clientHeight: height } = frame;
    const keys = /** @type {Record<string, () => void>} */ ({
      ArrowLeft: () => actions.pan(PAN_PIXELS, 0),
      ArrowRight: () => actions.pan(-PAN_PIXELS, 0),
      ArrowUp: () => actions.pan(0, PAN_PIXELS),
      ArrowDown: () => actions.pan(0, -PAN_PIXELS),
      '+': () => actions.zoom(1.4, width / 2, height / 2),
      '=': () => actions.zoom(1.4, width / 2, height / 2),
      '-': () => actions.zoom(1 / 1.4, width / 2, height / 2),
      0: () => actions.reset(),
      Enter: () => actions.click(width / 2, height / 2),
    });
    if (event.target !== frame || !keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });

  /** @param {number} id @param {[number, number]} before @param {[number, number]} now */
  function pinch(id, before, now) {
    const other = [...fingers].find(([one]) => one !== id)?.[1];
    if (!other) return;
    const far = (/** @type {[number, number]} */ point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
    if (far(before) > 0) actions.zoom(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    actions.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }
}
