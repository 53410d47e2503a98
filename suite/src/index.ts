/** The Node implementation of core's cryptography port, and its mask loop over several threads. */
export { addMasksInParallel, type MaskThreads } from './mask-threads.js';
export { nodeSuite } from './node-suite.js';
