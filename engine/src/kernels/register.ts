/**
 * Our kernels over tfjs's wasm backend: what it lacks, and what it gets wrong.
 *
 * Source: engine.md "What stock tfjs gets wrong". Leaves to others: everything that stock tfjs does right.
 */
import { registerConvolutions } from './convolution.js';
import { registerDepthwise } from './depthwise.js';
import { registerPooling } from './pooling.js';
import { registerSegments } from './segments.js';

let isDone = false;

/** Once a process, before the first model. */
export function registerKernels(): void {
  if (isDone) return;
  isDone = true;
  registerConvolutions();
  registerDepthwise();
  registerPooling();
  registerSegments();
}
