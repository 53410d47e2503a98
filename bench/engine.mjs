/**
 * What training costs: `npm run bench:engine`.
 *
 *     --quick            fewer turns; writes nothing
 *     --engine wasm      this engine; may be repeated
 *     --model cnn        this model; may be repeated
 *     --json             the last line is the report as JSON
 *
 * The full run writes bench/results/engine.json and .md. Each model runs on each engine in a process of its own; the reference, float32
 * matrix products of the same number of operations, is measured in the same process between the epochs.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BATCH, MODELS } from './engine/models.mjs';

const ENGINES = ['dense', 'wasm', 'cpu', 'tensorflow'];
const WHAT = [
  `an epoch: Adam, batches of ${String(BATCH)}; medians over the turns; (first): the first in a process, not yet warm`,
  'reference: float32 matrix products on the wasm backend, as many operations as the epoch, in the same process; × reference: epoch ÷ reference, turn by turn',
  'private: the gradient of each row clipped and handed over, in place of a plain step; × plain: private ÷ plain, turn by turn',
  'peak: largest resident size of the process, Node.js included',
];
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    engine: { type: 'string', multiple: true, default: ENGINES },
    model: { type: 'string', multiple: true, default: MODELS.map(({ name }) => name) },
  },
});
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const isFull =
  !options.quick && options.engine === ENGINES && options.model.length === MODELS.length;

const cases = [];
for (const engine of options.engine)
  for (const model of MODELS.filter(({ name }) => options.model.includes(name))) {
    const measured = child({ engine, model: model.name, turns: options.quick ? 3 : 7 });
    if (measured.absent === undefined)
      cases.push({ engine, model: model.name, rows: model.rows, ...measured });
    else console.log(`${engine}, ${model.name}: ${measured.absent}`);
  }
const report = { cases };

console.table(cases.map(rowOf));
for (const line of WHAT) console.log(line);
if (isFull) {
  writeFileSync(here('results/engine.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(here('results/engine.md'), page());
}
if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);

function child(given) {
  const out = execFileSync(process.execPath, [here('engine/epoch.mjs'), JSON.stringify(given)], {
    ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  });
  return JSON.parse(out.trimEnd().split('\n').at(-1));
}

function rowOf(one) {
  return {
    engine: one.id,
    model: `${MODELS.find(({ name }) => name === one.model).what} (${String(one.rows)})`,
    'epoch ms': one.epochMs.toFixed(1),
    '(first)': one.firstEpochMs.toFixed(0),
    'reference ms': one.referenceMs.toFixed(1),
    '× reference': one.ratio.toFixed(1),
    'private × plain': one.privateRatio.toFixed(1),
    'peak MB': String(Math.round(one.peakBytes / 1e6)),
  };
}

function page() {
  const rows = cases.map(rowOf);
  const names = Object.keys(rows[0]);
  const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' });
  const machine = `${cpus()[0].model.trim()}, ${String(cpus().length)} cores`;
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    '# Training engines: what the bench printed',
    '',
    `Command: \`npm run bench:engine\`, commit ${commit.trim()}, on ${machine}, Node ${process.versions.node}; load ${loadavg()[0].toFixed(1)} at the end.`,
    '',
    line(names),
    line(names.map(() => '---')),
    ...rows.map((row) => line(Object.values(row))),
    '',
    ...WHAT.map((text) => `* ${text}`),
    '',
  ].join('\n');
}
