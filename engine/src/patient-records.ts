/**
 * What a layer with weights leaves of a pass: from what it read and the slope that came back, each row's gradient in float64 loops.
 *
 * Leaves to others: the pass itself (patient-tape.ts), norms and sums (patient-parts.ts).
 */
import { addProduct, rowMajor, transposed } from './dense/multiply.js';
import { outerPart, writtenPart, type GradientPart } from './patient-parts.js';

export interface LayerRecord {
  readonly parts: readonly GradientPart[];
  /** Numbers kept for each row. */
  readonly rowSize: number;
  /** Shapes: read, slope: rows × what the layer reads and makes of one. */
  record(read: Float32Array, slope: Float32Array, rows: number): void;
}

/** Places in the array of all trainable weights; `biasAt` is −1 without a bias. */
export interface Places {
  readonly kernelAt: number;
  readonly biasAt: number;
}

/** y = x·kernel + bias of a flat x. */
export function denseRecord(inputs: number, outputs: number, places: Places): LayerRecord {
  let x = new Float64Array(0);
  let slopes = new Float64Array(0);
  return {
    parts: [outerPart({ inputs, outputs, ...places, x: () => x, slope: () => slopes })],
    rowSize: inputs + outputs,
    record(read, slope, rows) {
      x = grown(x, rows * inputs);
      slopes = grown(slopes, rows * outputs);
      x.set(read);
      slopes.set(slope);
    },
  };
}

/** A window that slides over one axis: output i reads input i·stride + tap − before, where that exists. */
export interface Slide {
  readonly extent: number;
  readonly taps: number;
  readonly stride: number;
  readonly before: number;
  readonly outputs: number;
}

/** Source: the padding of TensorFlow; `same` puts the odd pixel at the end. */
export function slideOver(
  extent: number,
  taps: number,
  stride: number,
  padding: 'valid' | 'same',
): Slide {
  if (padding === 'valid')
    return { extent, taps, stride, before: 0, outputs: Math.ceil((extent - taps + 1) / stride) };
  const outputs = Math.ceil(extent / stride);
  const added = Math.max((outputs - 1) * stride + taps - extent, 0);
  return { extent, taps, stride, before: Math.floor(added / 2), outputs };
}

/** Windows over rows and columns of an image, and its channels. */
export interface Windows {
  readonly down: Slide;
  readonly across: Slide;
  readonly channels: number;
}

/** kernel: taps down × taps across × channels × filters. A dense layer on a sequence is one of a single tap. */
export function convolutionRecord(windows: Windows, filters: number, places: Places): LayerRecord {
  const { down, across, channels } = windows;
  const width = down.taps * across.taps * channels;
  const positions = down.outputs * across.outputs;
  return slidingRecord(windows, filters, width * filters, places, (patches, slopes, to, at) => {
    const left = transposed(rowMajor(patches, width));
    const right = rowMajor(slopes, filters);
    addProduct(rowMajor(to, filters, at), left, right, width, filters, positions);
  });
}

/** kernel: taps down × taps across × channels × multiplier; filter c·multiplier + m reads channel c. */
export function depthwiseRecord(windows: Windows, multiplier: number, places: Places): LayerRecord {
  const { down, across, channels } = windows;
  const positions = down.outputs * across.outputs;
  const taps = down.taps * across.taps;
  const filters = channels * multiplier;
  return slidingRecord(windows, filters, taps * filters, places, (patches, slopes, to, start) => {
    for (let position = 0; position < positions; position++)
      for (let tap = 0; tap < taps; tap++)
        for (let filter = 0; filter < filters; filter++) {
          const channel = Math.floor(filter / multiplier);
          const at = start + tap * filters + filter;
          const x = patches[(position * taps + tap) * channels + channel]!;
          to[at] = to[at]! + x * slopes[position * filters + filter]!;
        }
  });
}

/**
 * A layer whose window slides over images, row by row of the batch.
 *
 * size        Numbers of its kernel.
 * addKernel   Adds the kernel's gradient of one row at `at`. Shapes: patches: positions × numbers under the window; slopes: positions ×
 *             filters.
 */
function slidingRecord(
  windows: Windows,
  filters: number,
  size: number,
  { kernelAt, biasAt }: Places,
  addKernel: (patches: Float64Array, slopes: Float64Array, to: Float64Array, at: number) => void,
): LayerRecord {
  const { down, across, channels } = windows;
  const positions = down.outputs * across.outputs;
  const patches = new Float64Array(positions * down.taps * across.taps * channels);
  const slopes = new Float64Array(positions * filters);
  const written = writtenGradients(size, kernelAt, biasAt < 0 ? 0 : filters, biasAt);
  return {
    ...written,
    record(read, slope, rows) {
      const [kernels, biases] = written.clear(rows);
      for (let row = 0; row < rows; row++) {
        writePatches(windows, read, row * down.extent * across.extent * channels, patches);
        for (let k = 0; k < slopes.length; k++) slopes[k] = slope[row * slopes.length + k]!;
        addKernel(patches, slopes, kernels, row * size);
        if (biasAt >= 0) addByLast(slopes, biases, row * filters, filters);
      }
    },
  };
}

/**
 * y = scale·x̂ + shift, number k of a row by scale `scaleOf[k]`; reads x̂. `shiftAt` is −1 without a shift.
 *
 * Shapes   scaleOf: numbers of one row; values below scales.
 */
export function scaleRecord(
  scaleOf: Uint32Array,
  scales: number,
  scaleAt: number,
  shiftAt: number,
): LayerRecord {
  const width = scaleOf.length;
  const written = writtenGradients(scales, scaleAt, shiftAt < 0 ? 0 : scales, shiftAt);
  return {
    ...written,
    record(read, slope, rows) {
      const [gains, shifts] = written.clear(rows);
      for (let row = 0; row < rows; row++)
        for (let k = 0; k < width; k++) {
          const delta = slope[row * width + k]!;
          const at = row * scales + scaleOf[k]!;
          gains[at] = gains[at]! + delta * read[row * width + k]!;
          if (shiftAt >= 0) shifts[at] = shifts[at]! + delta;
        }
    },
  };
}

/** A table of `rows × width`; reads which of its rows, one a step. */
export function tableRecord(entries: number, width: number, at: number): LayerRecord {
  const written = writtenGradients(entries * width, at, 0, -1);
  return {
    ...written,
    record(read, slope, rows) {
      const [table] = written.clear(rows);
      const steps = read.length / rows;
      read.forEach((entry, step) => {
        const start = (Math.floor(step / steps) * entries + entry) * width;
        for (let k = 0; k < width; k++)
          table[start + k] = table[start + k]! + slope[step * width + k]!;
      });
    },
  };
}

/** Two arrays of gradients, row after row, that grow with the rows of a pass. */
function writtenGradients(
  first: number,
  firstAt: number,
  second: number,
  secondAt: number,
): Omit<LayerRecord, 'record'> & {
  clear(rows: number): readonly [Float64Array, Float64Array];
} {
  let a = new Float64Array(0);
  let b = new Float64Array(0);
  const parts = [writtenPart(firstAt, first, () => a)];
  if (second > 0) parts.push(writtenPart(secondAt, second, () => b));
  return {
    parts,
    rowSize: first + second,
    clear(rows) {
      a = grown(a, rows * first).fill(0);
      b = grown(b, rows * second).fill(0);
      return [a, b];
    },
  };
}

function grown(values: Float64Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
  return values.length < size ? new Float64Array(size) : values;
}

/** Shapes: patches: places × (taps down × taps across × channels), zeros outside the image. */
function writePatches(
  { down, across, channels }: Windows,
  image: Float32Array,
  start: number,
  patches: Float64Array,
): void {
  let to = 0;
  for (let i = 0; i < down.outputs; i++)
    for (let j = 0; j < across.outputs; j++)
      for (let tap = 0; tap < down.taps; tap++) {
        const row = i * down.stride + tap - down.before;
        const isRow = row >= 0 && row < down.extent;
        for (let side = 0; side < across.taps; side++) {
          const column = j * across.stride + side - across.before;
          const isInside = isRow && column >= 0 && column < across.extent;
          const from = start + (row * across.extent + column) * channels;
          for (let c = 0; c < channels; c++) patches[to++] = isInside ? image[from + c]! : 0;
        }
      }
}

/** to[at + k] += Σ over places of values[place × width + k] */
function addByLast(values: Float64Array, to: Float64Array, at: number, width: number): void {
  for (let start = 0; start < values.length; start += width)
    for (let k = 0; k < width; k++) to[at + k] = to[at + k]! + values[start + k]!;
}
