/**
 * `npm run conformance:engine`: the reference values against one engine.
 *
 *     --engine wasm|cpu|tensorflow   default wasm
 *     --vectors FILE                 default ../shared/vectors/engine.json beside the project
 *     --json                         the counts as JSON on the last line
 *
 * Exit status: 0 nothing failed, 1 a case failed, 2 typed wrongly or nothing to run. Leaves to others: the cases (conformance/).
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { asPlexusError, PlexusError } from '@plexus/core';
import { readVectors } from '../conformance/cases.js';
import { conformanceCases, type Outcome } from '../conformance/run.js';
import type { TfjsName } from '../provider.js';
import { createEngine } from '../select.js';

const USAGE =
  'npm run conformance:engine -- [--engine wasm|cpu|tensorflow] [--vectors FILE] [--json]';
const VECTORS = fileURLToPath(new URL('../../../../shared/vectors/engine.json', import.meta.url));
const NAMES: readonly TfjsName[] = ['wasm', 'cpu', 'tensorflow'];
const KINDS = ['passed', 'refused', 'notOffered', 'failed'] as const;

interface Options {
  readonly engine: TfjsName;
  readonly vectors: string;
  readonly json: boolean;
}

interface Line {
  readonly id: string;
  readonly outcome: Outcome;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Errors: environment/COMMAND_FAILED naming the argument; environment/ENGINE_UNAVAILABLE for a name of no engine. */
function readOptions(argv: readonly string[]): Options {
  const { engine: name, ...rest } = parsed(argv);
  const engine = NAMES.find((known) => known === name);
  if (engine !== undefined) return { ...rest, engine };
  const text = `--engine: expected ${NAMES.join(', ')}, got ${name}`;
  throw new PlexusError('ENGINE_UNAVAILABLE', text);
}

function parsed(argv: readonly string[]): Omit<Options, 'engine'> & { readonly engine: string } {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        engine: { type: 'string', default: 'wasm' },
        vectors: { type: 'string', default: VECTORS },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new PlexusError('COMMAND_FAILED', text.split('\n', 1)[0] ?? text, { cause });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${file}: cannot read it`, { cause });
  }
}

/** An engine that fails at start-up is what this program is for: its backend is up, and the cases say more. */
async function bringUp(engine: TfjsName): Promise<void> {
  try {
    (await createEngine(engine)).dispose();
  } catch (thrown) {
    if (!(thrown instanceof PlexusError) || thrown.code !== 'ENGINE_CONFORMANCE') throw thrown;
    say(`start-up    ${thrown.message}`);
  }
}

function tableOf(lines: readonly Line[]): readonly string[] {
  const width = Math.max(0, ...lines.map(({ id }) => id.length));
  return lines.flatMap(({ id, outcome }) => {
    if (outcome.kind === 'passed' || outcome.kind === 'refused') return [];
    const word = outcome.kind === 'failed' ? 'failed' : 'not offered';
    return [`${word.padEnd(11)} ${id.padEnd(width)}  ${outcome.text}`];
  });
}

async function run({ engine, vectors, json }: Options): Promise<boolean> {
  const cases = conformanceCases(readVectors(readText(vectors), vectors));
  await bringUp(engine);
  const lines = cases.map(({ id, run: runCase }): Line => ({ id, outcome: runCase(engine) }));
  const [passed = 0, refused = 0, notOffered = 0, failed = 0] = KINDS.map(
    (kind) => lines.filter(({ outcome }) => outcome.kind === kind).length,
  );
  if (json) {
    say(JSON.stringify({ engine, cases: cases.length, passed, refused, notOffered, failed }));
  } else {
    for (const line of tableOf(lines)) say(line);
    const counts = `${String(passed)} passed, ${String(refused)} refused as they must be, ${String(notOffered)} not offered, ${String(failed)} failed`;
    say(`engine ${engine}: ${String(cases.length)} cases, ${counts}`);
  }
  return failed === 0;
}

try {
  process.exitCode = (await run(readOptions(process.argv.slice(2)))) ? 0 : 1;
} catch (thrown) {
  const { code, message } = asPlexusError(thrown, 'COMMAND_FAILED');
  process.stderr.write(`error ${code}: no case was run\nwhy   ${message}\nnext  ${USAGE}\n`);
  process.exitCode = 2;
}
