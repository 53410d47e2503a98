/**
 * The agents' side of a case, as a program of its own: a session, every hospital's vector quantised, masked, packed and put on disk.
 *
 * Takes { folder, d, n, f, losts }; prints what a client step took. Leaves the state to sum from, and the digest of the exact sum of
 * the unmasked words, in the folder.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  base64,
  cutToField,
  encodeVector,
  hex,
  layoutBytes,
  layoutWords,
  maskVector,
  packVector,
} from '@plexus/core';
import { openBlobs } from '@plexus/runtime';
import { nodeSuite as suite } from '@plexus/suite';
import { kernelAgainstReferences, median, seconds, someMasks } from './measure.mjs';
import { layoutOf, masksFor, openSession, releasedState } from './session.mjs';

const { folder, d, n, f, losts } = JSON.parse(process.argv[2] ?? '');
const layout = layoutOf(d, f);
const words = layoutWords(layout);
const blobs = await openBlobs(folder);
const session = openSession(layout, n);
const exact = new Uint32Array(words);
const exactSums = {};
const vectors = {};
const quantised = [];
const steps = [];
const cpuTimes = [];

for (const u of session.members) {
  const values = new Map([
    ['update/w', updateOf(u)],
    ['weight', Float64Array.of(100 + u)],
  ]);
  let own;
  quantised.push(
    seconds(() => {
      own = encodeVector(suite, layout, n, values, suite.sha256(Uint8Array.of(u, 3))).words;
    }),
  );
  let vector;
  const cpu = process.cpuUsage();
  steps.push(seconds(() => (vector = maskVector(suite, layout, own, masksFor(session, u)))));
  const { user, system } = process.cpuUsage(cpu);
  cpuTimes.push((user + system) / 1e6);
  vectors[u] = await blobs.put(vector);
  for (let i = 0; i < words; i++) exact[i] += own[i];
  if (losts.includes(n - u)) exactSums[n - u] = sumDigest(exact.slice());
}

for (const lost of losts) {
  const state = releasedState(session, lost);
  const kept = Object.fromEntries([...session.kept].map(([name, bytes]) => [name, base64(bytes)]));
  const staged = { state, kept, vectors: state.u3.map((u) => vectors[u]), exact: exactSums[lost] };
  writeFileSync(join(folder, `lost-${String(lost)}.json`), JSON.stringify(staged));
}

const measured = {
  clientSeconds: median(steps),
  clientCpuSeconds: median(cpuTimes),
  quantiseNsPerParam: (median(quantised) * 1e9) / d,
  bytesPerParam: layoutBytes(layout) / d,
  ...kernelAgainstReferences(words, someMasks(n), d > 1e5 ? 3 : 7),
};
process.stdout.write(`${JSON.stringify(measured)}\n`);

/** Numbers of [−1, 1) that differ for every hospital and parameter. */
function updateOf(hospital) {
  const update = new Float64Array(d);
  for (let i = 0; i < d; i++) update[i] = Math.imul(i + hospital * 7919, 0x9e3779b1) / 2 ** 31;
  return update;
}

function sumDigest(sum) {
  cutToField(layout, sum);
  return hex(suite.sha256(packVector(layout, sum)));
}
