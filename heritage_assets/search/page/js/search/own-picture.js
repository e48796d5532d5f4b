/**
 * A person's own picture: taken from a file, a drop or the clipboard, and made small enough to live in the address.
 *
 * Encoders look at about 224 pixels; sending 256 loses nothing that they see, keeps the rest on this machine, and lets a shared
 * address carry the picture itself.
 * @module
 */

const SHORT_SIDE = 256;
const LONGEST = 640;
const QUALITY = 0.82;

/**
 * @param {Blob} file
 * @returns {Promise<string>} base64url; the first letter tells the type (w: WebP, j: JPEG)
 * @throws {Error} when the browser can't read the picture
 */
export async function shrink(file) {
  const bitmap = await decode(file);
  const scale = Math.min(1, SHORT_SIDE / Math.min(bitmap.width, bitmap.height), LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser can’t draw pictures');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const small = (await toBlob(canvas, 'image/webp')) ?? (await toBlob(canvas, 'image/jpeg'));
  if (!small) throw new Error('this browser can’t write pictures');
  const bytes = new Uint8Array(await small.arrayBuffer());
  return (small.type === 'image/webp' ? 'w' : 'j') + toBase64Url(bytes);
}

/** @param {string} text what `shrink` returned @returns {Blob | null} null when it is damaged */
export function unpack(text) {
  const type = { w: 'image/webp', j: 'image/jpeg' }[text[0]];
  if (!type) return null;
  try {
    const binary = atob(text.slice(1).replaceAll('-', '+').replaceAll('_', '/'));
    return new Blob([Uint8Array.from(binary, (letter) => letter.charCodeAt(0))], { type });
  } catch {
    return null;
  }
}

/** The first picture in what was dropped or pasted. @param {DataTransfer | null} transfer */
export function pictureIn(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith('image/')) ?? null;
}

/** @param {Blob} file */
async function decode(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Error('That is no picture this browser can read; JPEG, PNG, WebP and GIF work everywhere');
  }
}

/** @param {HTMLCanvasElement} canvas @param {string} type @returns {Promise<Blob | null>} null when the browser writes another type */
function toBlob(canvas, type) {
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob?.type === type ? blob : null), type, QUALITY));
}

/** @param {Uint8Array} bytes */
function toBase64Url(bytes) {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
