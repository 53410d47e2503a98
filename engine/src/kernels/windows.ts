/**
 * A window that slides over images: its geometry, and the loops that walk it.
 *
 * Images are [batch, rows, columns, channels], row by row. Positions of the window are counted over the batch: (image, row, column).
 * Positions outside the image hold 0 in patches and belong to no window in pooling.
 */

export interface Window {
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  readonly outRows: number;
  readonly outColumns: number;
  readonly height: number;
  readonly width: number;
  readonly strideRows: number;
  readonly strideColumns: number;
  readonly top: number;
  readonly left: number;
}

/** Of tfjs's Conv2DInfo. */
export function windowOf(info: {
  readonly batchSize: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padInfo: { readonly top: number; readonly left: number };
}): Window {
  return {
    images: info.batchSize,
    rows: info.inHeight,
    columns: info.inWidth,
    channels: info.inChannels,
    outRows: info.outHeight,
    outColumns: info.outWidth,
    height: info.filterHeight,
    width: info.filterWidth,
    strideRows: info.strideHeight,
    strideColumns: info.strideWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}

export function positions({ images, outRows, outColumns }: Window): number {
  return images * outRows * outColumns;
}

/** Numbers under a window. */
export function patchSize({ height, width, channels }: Window): number {
  return height * width * channels;
}

/**
 * The transposed patches: one row for each number under the window, one column for each position.
 *
 * The images are parted first, by channel and by the phase of their columns against the stride, so that the rows are plain copies: one
 * number at a time a script takes five times as long.
 *
 * Shapes   x: the images; out: patchSize × positions, all of it written.
 */
export function gatherPatches(w: Window, x: Float32Array, out: Float32Array): void {
  const { channels, outColumns, strideColumns } = w;
  const count = positions(w);
  const phaseColumns = Math.ceil(w.columns / strideColumns);
  const line = strideColumns * phaseColumns;
  const parted = partImages(w, phaseColumns, x);
  for (let ky = 0; ky < w.height; ky++)
    for (let kx = 0; kx < w.width; kx++) {
      const [from, to] = inside(kx, w);
      const shift = Math.floor((kx - w.left) / strideColumns);
      const phase = kx - w.left - shift * strideColumns;
      for (let c = 0; c < channels; c++) {
        let at = ((ky * w.width + kx) * channels + c) * count;
        for (let image = 0; image < w.images; image++)
          for (let oy = 0; oy < w.outRows; oy++, at += outColumns) {
            const y = oy * w.strideRows - w.top + ky;
            if (y < 0 || y >= w.rows) {
              out.fill(0, at, at + outColumns);
              continue;
            }
            if (from > 0) out.fill(0, at, at + from);
            if (to < outColumns) out.fill(0, at + to, at + outColumns);
            const row = ((image * channels + c) * w.rows + y) * line;
            copyRun(parted, row + phase * phaseColumns + shift + from, out, at + from, to - from);
          }
      }
    }
}

/** [images, rows, columns, channels] to [images, channels, rows, phases, columns of the phase]. */
function partImages(w: Window, phaseColumns: number, x: Float32Array): Float32Array {
  const { channels, columns, rows, strideColumns } = w;
  if (channels === 1 && strideColumns === 1) return x;
  const line = strideColumns * phaseColumns;
  const parted = new Float32Array(w.images * channels * rows * line);
  for (let image = 0; image < w.images; image++)
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < rows; y++) {
        const source = (image * rows + y) * columns * channels + c;
        const target = ((image * channels + c) * rows + y) * line;
        for (let phase = 0; phase < strideColumns; phase++)
          for (let column = phase, at = target + phase * phaseColumns; column < columns; at++) {
            parted[at] = x[source + column * channels]!;
            column += strideColumns;
          }
      }
  return parted;
}

/** From here on a copy by the runtime beats a loop. */
const LONG_RUN = 48;

function copyRun(
  from: Float32Array,
  source: number,
  to: Float32Array,
  target: number,
  length: number,
): void {
  if (length > LONG_RUN) to.set(from.subarray(source, source + length), target);
  else for (let i = 0; i < length; i++) to[target + i] = from[source + i]!;
}

/**
 * Adds every patch to where it came from: the other way round.
 *
 * Shapes   patches: positions × patchSize; out: the images, added to.
 */
export function scatterPatches(w: Window, patches: Float32Array, out: Float32Array): void {
  const { channels, columns } = w;
  const size = patchSize(w);
  const line = w.width * channels;
  let position = 0;
  for (let image = 0; image < w.images; image++)
    for (let oy = 0; oy < w.outRows; oy++)
      for (let ox = 0; ox < w.outColumns; ox++, position++) {
        const y0 = oy * w.strideRows - w.top;
        const x0 = ox * w.strideColumns - w.left;
        const first = Math.max(0, -x0);
        const last = Math.min(w.width, columns - x0);
        for (let ky = 0; ky < w.height; ky++) {
          const y = y0 + ky;
          if (y < 0 || y >= w.rows) continue;
          let source = position * size + ky * line + first * channels;
          let target = ((image * w.rows + y) * columns + x0 + first) * channels;
          const end = target + (last - first) * channels;
          for (; target < end; target++, source++) out[target] = out[target]! + patches[source]!;
        }
      }
}

/** The columns of output whose window column kx lies inside the image. */
function inside(kx: number, w: Window): readonly [from: number, to: number] {
  const offset = kx - w.left;
  const from = Math.max(0, Math.ceil(-offset / w.strideColumns));
  const to = Math.min(w.outColumns, Math.floor((w.columns - 1 - offset) / w.strideColumns) + 1);
  return [Math.min(from, w.outColumns), Math.max(Math.min(from, w.outColumns), to)];
}
