/**
 * The coordinator's side of a case, as a program of its own, so that its peak memory is its own: from what was kept to the sum.
 *
 * Takes { folder, d, n, f, lost, repeats }; prints seconds, of the clock and of all threads, peak memory, and the longest time that nothing else could run. What is
 * timed: secrets rebuilt and checked, mask keys agreed, vectors read from disk and added, masks removed, cut to field bits. Shares are
 * compared with what was dealt when each answer arrives, which is not timed here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fromBase64, hex, openMasks, packVector } from '@plexus/core';
import { openBlobs } from '@plexus/runtime';
import { addMasksInParallel, nodeSuite as suite } from '@plexus/suite';
import { sumVectors } from '../../coordinator/dist/app/sum-vectors.js';
import { median } from './measure.mjs';
import { contextOf, layoutOf } from './session.mjs';

const { folder, d, n, f, lost, repeats } = JSON.parse(process.argv[2] ?? '');
const layout = layoutOf(d, f);
const context = contextOf(layout, n);
const path = join(folder, `lost-${String(lost)}.json`);
const { state, kept, vectors, exact } = JSON.parse(readFileSync(path, 'utf8'));
const bytes = new Map(Object.entries(kept).map(([name, text]) => [name, fromBase64(text)]));
const around = { blobs: await openBlobs(folder), addMasks: addMasksInParallel };
const delay = monitorEventLoopDelay({ resolution: 5 });
const times = [];
const cpuTimes = [];
const sums = [];
let masks = 0;

for (let i = 0; i < repeats; i++) {
  delay.enable();
  const cpu = process.cpuUsage();
  const started = performance.now();
  const opened = openMasks(context, state, (digest) => bytes.get(digest));
  if (opened.kind !== 'opened') throw new Error(opened.code);
  const sum = await sumVectors(around, layout, vectors, opened.masks);
  times.push((performance.now() - started) / 1000);
  const { user, system } = process.cpuUsage(cpu);
  cpuTimes.push((user + system) / 1e6);
  delay.disable();
  masks = opened.masks.length;
  if (i === repeats - 1) sums.push(sum);
}
const peakBytes = process.resourceUsage().maxRSS * 1024;
for (const sum of sums)
  if (hex(suite.sha256(packVector(layout, sum))) !== exact)
    throw new Error('the unmasked sum is not the sum of the words');
const measured = {
  ...{ unmaskSeconds: median(times), unmaskFirstSeconds: times[0], masksRemoved: masks },
  ...{ unmaskCpuSeconds: median(cpuTimes), peakBytes, longestStallMs: Math.round(delay.max / 1e6) },
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
