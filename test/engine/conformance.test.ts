import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createEngine } from '@plexus/engine';
import { beforeAll, describe, expect, it } from 'vitest';
import { readVectors, type LayerCase } from '../../engine/src/conformance/cases.ts';
import { conformanceCases } from '../../engine/src/conformance/run.ts';
import { sharedFile } from '../data.ts';

const file = sharedFile('vectors/engine.json');
const vectors = file === undefined ? undefined : readVectors(readFileSync(file, 'utf8'), file);
const cases = vectors === undefined ? [] : conformanceCases(vectors);

/** What a study cannot name: a new entry here is something that no engine offers any longer. */
const NOT_NAMED = [
  /^(conv3d|maxPool3d|avgPool3d|convLstm2d|net\.conv3d)/,
  /channelsFirst$/,
  /^optimizer:ada(max|delta)/,
  /^loss:(?!binaryCrossentropy|categoricalCrossentropy|meanSquaredError|meanAbsoluteError|poisson)/,
];
/** What the cpu engine leaves to others. */
const NOT_ON_CPU = [
  /^(perExample:)?(conv|depthwise|separable|embedding|upSampling2d|avgPool\dd\.same)/,
  /^timeDistributed\.conv2d$/,
  /^net\./,
];

describe.skipIf(vectors === undefined).each(['wasm', 'cpu'] as const)(
  'the %s engine against TensorFlow 2.21',
  (engine) => {
    beforeAll(async () => {
      await createEngine(engine);
    });

    it.each(cases)('gets $id right, or says that it is not offered', ({ id, run }) => {
      const outcome = run(engine);
      expect(outcome).not.toMatchObject({ kind: 'failed' });
      const patterns = engine === 'cpu' ? [...NOT_NAMED, ...NOT_ON_CPU] : NOT_NAMED;
      if (outcome.kind === 'notOffered') expect(patterns.some((rule) => rule.test(id))).toBe(true);
    });
  },
);

describe.skipIf(vectors === undefined)('the comparison', () => {
  const outcomeOf = (change: (given: LayerCase) => LayerCase): string => {
    const [found] = vectors?.layers.filter(({ id }) => id === 'bn.train.dense') ?? [];
    if (vectors === undefined || found === undefined) throw new Error('expected the vectors');
    const [one] = conformanceCases({ ...vectors, layers: [change(found)] });
    const outcome = one?.run('cpu');
    return outcome?.kind === 'failed' ? outcome.text : String(outcome?.kind);
  };
  const off = (values: readonly number[] | null = []): readonly number[] =>
    values?.with(0, (values[0] ?? 0) + 1e-3) ?? [];

  beforeAll(async () => {
    await createEngine('cpu');
  });

  it('sees a thousandth in outputs, gradients and moving statistics', () => {
    expect(outcomeOf((given) => given)).toBe('passed');
    expect(outcomeOf((given) => ({ ...given, output: off(given.output) }))).toMatch(/^output: off/);
    expect(outcomeOf((given) => ({ ...given, gradInputs: [off(given.gradInputs?.[0])] }))).toMatch(
      /^gradient of input 0: off/,
    );
    expect(
      outcomeOf((given) => ({ ...given, gradWeights: [null, off(given.gradWeights?.[1])] })),
    ).toMatch(/^gradient of layer0\/beta: off/);
    expect(
      outcomeOf((given) => ({
        ...given,
        after: given.after?.map((one) => ({ ...one, values: off(one.values) })) ?? [],
      })),
    ).toMatch(/^weight 2 after: off/);
  });

  it('sees numbers that are missing, or not finite', () => {
    expect(outcomeOf((given) => ({ ...given, output: [] }))).toMatch(/^output: off by NaN/);
    expect(
      outcomeOf((given) => ({ ...given, output: given.output?.map(() => NaN) ?? [] })),
    ).toMatch(/^output: off by NaN/);
  });

  it('asks that core refuses what must be refused', () => {
    const refusal = { code: 'LAYER_NOT_TRAINABLE' };
    expect(outcomeOf((given) => ({ ...given, refusal }))).toBe(
      'expected core to say LAYER_NOT_TRAINABLE',
    );
  });
});

describe('conformance:engine', () => {
  const program = fileURLToPath(new URL('../../engine/dist/cli/conformance.js', import.meta.url));
  const run = promisify(execFile);

  it.skipIf(file === undefined)('counts every case, as JSON if asked', async () => {
    const args = [program, '--engine', 'cpu', '--vectors', file ?? ''];
    const { stdout } = await run(process.execPath, [...args, '--json']);
    const counts: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(counts).toMatchObject({ engine: 'cpu', cases: cases.length, refused: 16, failed: 0 });
    const table = await run(process.execPath, args);
    expect(table.stdout).toMatch(/^not offered embedding .*choose engine auto or wasm$/m);
    expect(table.stdout).toMatch(/^engine cpu: \d+ cases, .* 0 failed$/m);
  });

  it.each([
    ['COMMAND_FAILED', ['--engines', 'cpu']],
    ['ENGINE_UNAVAILABLE', ['--engine', 'gpu']],
    ['FILE_UNREADABLE', ['--vectors', 'no-such-file']],
    ['FILE_UNREADABLE', ['--vectors', fileURLToPath(import.meta.url)]],
  ] as const)('says %s for %j, and what to type', async (code, args) => {
    const failed = run(process.execPath, [program, ...args]);
    await expect(failed).rejects.toMatchObject({ code: 2, stdout: '' });
    await expect(failed).rejects.toMatchObject({
      stderr: expect.stringMatching(
        new RegExp(`^error ${code}: .+\nwhy {3}.+\nnext {2}npm run conformance:engine`),
      ) as unknown,
    });
  });
});
