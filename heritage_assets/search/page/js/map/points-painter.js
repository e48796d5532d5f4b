/**
 * Draws the points: with WebGL, or where there is none, on a plain canvas. Both take the same calls.
 * @module
 */

/** @typedef {import('./camera.js').Camera} Camera */
/** @typedef {{draw: (camera: Camera, size: number) => void, colour: (colours: Uint8Array) => void, kind: string}} Painter */

const VERTEX = `
attribute vec2 place; attribute vec4 tint; uniform vec2 middle; uniform vec2 half_sight; uniform float size; varying vec4 shade;
void main() { gl_Position = vec4((place - middle) / half_sight, 0.0, 1.0); gl_PointSize = size; shade = tint; }`;
const FRAGMENT = `
precision mediump float; varying vec4 shade;
void main() {
  float away = length(gl_PointCoord - 0.5);
  float cover = 1.0 - smoothstep(0.40, 0.5, away);
  if (cover <= 0.0) discard;
  gl_FragColor = vec4(shade.rgb, 1.0) * shade.a * cover;
}`;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} places x and y of each point, interleaved
 * @returns {Painter}
 */
export function pointsPainter(canvas, places) {
  const gl = canvas.getContext('webgl', { antialias: false, premultipliedAlpha: true, failIfMajorPerformanceCaveat: false });
  return gl ? webglPainter(gl, places) : canvasPainter(/** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')), places);
}

/** @param {WebGLRenderingContext} gl @param {Float32Array} places @returns {Painter} */
function webglPainter(gl, places) {
  const program = link(gl);
  gl.useProgram(program);
  const uniform = (/** @type {string} */ name) => gl.getUniformLocation(program, name);
  const [middle, halfSight, size] = [uniform('middle'), uniform('half_sight'), uniform('size')];
  // Coordinates relative to the middle of all points: 32 bits then carry the closest zoom.
  attribute(gl, program, 'place', 2, gl.FLOAT, false, places);
  const tint = attribute(gl, program, 'tint', 4, gl.UNSIGNED_BYTE, true, new Uint8Array(places.length * 2));
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  return {
    kind: 'webgl',
    colour(colours) {
      gl.bindBuffer(gl.ARRAY_BUFFER, tint);
      gl.bufferData(gl.ARRAY_BUFFER, colours, gl.STATIC_DRAW);
    },
    draw(camera, pixels) {
      const { width, height } = gl.canvas;
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(middle, camera.x, camera.y);
      gl.uniform2f(halfSight, camera.width / 2 / camera.scale, camera.height / 2 / camera.scale);
      gl.uniform1f(size, pixels * (width / camera.width));
      gl.drawArrays(gl.POINTS, 0, places.length / 2);
    },
  };
}

/** @param {WebGLRenderingContext} gl */
function link(gl) {
  const program = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [type, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`the map can't be drawn: ${gl.getProgramInfoLog(program)}`);
  return program;
}

/**
 * @param {WebGLRenderingContext} gl @param {WebGLProgram} program @param {string} name @param {number} width
 * @param {number} type @param {boolean} normalized @param {AllowSharedBufferSource} data
 */
function attribute(gl, program, name, width, type, normalized, data) {
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
  const where = gl.getAttribLocation(program, name);
  gl.enableVertexAttribArray(where);
  gl.vertexAttribPointer(where, width, type, normalized, 0, 0);
  return buffer;
}

/** @param {CanvasRenderingContext2D} context @param {Float32Array} places @returns {Painter} */
function canvasPainter(context, places) {
  /** @type {Map<string, number[]>} */
  let byColour = new Map();
  return {
    kind: 'canvas',
    colour(colours) {
      byColour = new Map();
      for (let index = 0; index < places.length / 2; index += 1) {
        const [r, g, b, a] = colours.subarray(index * 4, index * 4 + 4);
        const name = `rgb(${r} ${g} ${b} / ${(a / 255).toFixed(2)})`;
        const same = byColour.get(name);
        if (same) same.push(index);
        else byColour.set(name, [index]);
      }
    },
    draw(camera, pixels) {
      const ratio = context.canvas.width / camera.width;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, camera.width, camera.height);
      for (const [name, indices] of byColour) {
        context.fillStyle = name;
        for (const index of indices) {
          const [px, py] = camera.toScreen(places[index * 2], places[index * 2 + 1]);
          if (px > -pixels && py > -pixels && px < camera.width + pixels && py < camera.height + pixels) context.fillRect(px - pixels / 2, py - pixels / 2, pixels, pixels);
        }
      }
    },
  };
}
