/** The inside of a mask thread: it takes ranges until none is left, and ends. Started by addMasksInParallel. */
import { workerData } from 'node:worker_threads';
import { addRanges, type MaskJob } from './mask-ranges.js';

addRanges(workerData as MaskJob); // typed by the one place that starts it
