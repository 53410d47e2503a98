/**
 * What the secure sum costs: `npm run bench:secagg`, after `npm run build`.
 *
 *     --quick   d = 1e5 and 1e6; under a minute; writes nothing
 *     --only d=20000,n=5,drop=0.2,f=24   this case; may be repeated
 *     --json    the last line is the report as JSON
 *
 * The full run writes bench/results/secagg.json and .md. Agents and coordinator run the product's own functions in processes of their own
 * (secagg/stage.mjs, secagg/unmask.mjs); every sum is compared with the exact sum of the words. No network, no log, no signature check.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kernelAgainstReferences, someMasks } from './secagg/measure.mjs';
import { linesOf, pageOf, rowsOf } from './secagg/report.mjs';

const DROPS = [0, 0.1, 0.2];
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const isFull = !options.quick && options.only.length === 0;

/** Hospitals and vectors are staged once for all drop-outs of a group. */
const groups = groupsOf(options);
const referenceWords = Math.max(...groups.map(({ d }) => d));
const reference = kernelAgainstReferences(Math.min(referenceWords, 1e6), someMasks(10), 7, true);
const cases = groups.flatMap(runGroup);
const report = { cases, reference };

console.table(rowsOf(cases));
for (const line of linesOf(reference)) console.log(line);
if (isFull) {
  writeFileSync(here('results/secagg.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(here('results/secagg.md'), pageOf(report));
}
if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);

function groupsOf({ quick, only }) {
  if (only.length > 0)
    return only.map((text) => {
      const of = Object.fromEntries(text.split(',').map((pair) => pair.split('=')));
      return { d: Number(of.d), n: Number(of.n), f: Number(of.f), drops: [Number(of.drop)] };
    });
  const sizes = quick ? [1e5, 1e6] : [1e5, 1e6, 1e7];
  const grid = sizes.flatMap((d) => [10, 30].map((n) => ({ d, n, f: 24, drops: DROPS })));
  const other = [16, 32].map((f) => ({ d: 1e6, n: quick ? 10 : 30, f, drops: [0.2] }));
  return [...grid, ...other];
}

function runGroup({ d, n, f, drops }) {
  const folder = mkdtempSync(join(tmpdir(), 'plexus-bench-'));
  try {
    const losts = drops.map((drop) => Math.round(drop * n));
    const staged = child('secagg/stage.mjs', { folder, d, n, f, losts });
    return drops.map((drop, i) => ({
      ...{ d, n, drop, f },
      ...child('secagg/unmask.mjs', { folder, d, n, f, lost: losts[i], repeats: repeatsOf(d) }),
      ...staged,
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Small sums are summed more often: what they take is what the machine lets them. */
function repeatsOf(d) {
  if (d <= 1e5) return 11;
  return d <= 1e6 ? 5 : 3;
}

function child(file, given) {
  const out = execFileSync(process.execPath, [here(file), JSON.stringify(given)], {
    ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  });
  return JSON.parse(out);
}
