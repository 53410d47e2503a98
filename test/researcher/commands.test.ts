import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeSuite } from '@plexus/suite';
import { afterEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../researcher/src/cli/program.ts';
import type { Terminal } from '../../researcher/src/cli/terminal.ts';
import { saveCredentials } from '../../researcher/src/config.ts';
import { readModelFolder } from '../../researcher/src/model-folder.ts';
import type { Network, StudyEvent, StudyStatus } from '../../researcher/src/research-api.ts';
import { TEMPLATE } from '../../researcher/src/template.ts';
import { CREDENTIALS, downloadOf, LOG, memoryCoordinator, releaseOf } from './coordinator.ts';
import { exampleManifest, exampleState } from './model.ts';
import { freshFolder } from './plexus.ts';

interface Printed {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly live: readonly (readonly string[])[];
}

async function run(
  network: Network,
  home: string,
  args: readonly string[],
  interactive = false,
): Promise<Printed> {
  const out: string[] = [];
  const err: string[] = [];
  const live: (readonly string[])[] = [];
  const terminal: Terminal = {
    interactive,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    live: (lines) => live.push(lines),
  };
  await runProgram(['node', 'plexus', '--home', home, ...args], terminal, nodeSuite, network);
  const status = Number(process.exitCode ?? 0);
  process.exitCode = undefined; // the runner's own
  return { status, out: out.join('\n'), err: err.join('\n'), live };
}

function enrolled(): string {
  const home = freshFolder();
  saveCredentials(home, CREDENTIALS);
  return home;
}

const STATUS: StudyStatus = {
  study: 'small',
  manifestSha256: '0'.repeat(64),
  phase: 'completed',
  code: undefined,
  approved: ['north', 'south', 'west'],
  refused: [],
  roundsDone: 2,
  roundsPlanned: 2,
  modelSha256: undefined,
};
const EVENT: StudyEvent = {
  number: 1,
  timeMs: 0,
  kind: 'phase',
  round: 1,
  attempt: 1,
  phase: 'masked',
  hospitals: ['north', 'south'],
  metrics: [],
  code: undefined,
};
const SUMMED: StudyEvent = {
  ...EVENT,
  number: 2,
  kind: 'aggregated',
  phase: '',
  metrics: [{ name: 'auc', value: '0.875' }],
};

afterEach(() => {
  process.exitCode = undefined;
});

describe('plexus enrol', () => {
  it('reads the invite from a file and keeps the credentials for their owner alone', async () => {
    const home = join(freshFolder(), 'home');
    const invite = join(freshFolder(), 'invite');
    writeFileSync(invite, 'plexus-invite:v1:x');
    const { network, calls } = memoryCoordinator({});
    expect(await run(network, home, ['enrol', invite])).toMatchObject({ status: 0, err: '' });
    expect(calls).toEqual(['enrol plexus-invite:v1:x']);
    expect(statSync(join(home, 'credentials.json')).mode & 0o777).toBe(0o600);
    const again = await run(network, home, ['enrol', invite]);
    expect(again).toMatchObject({ status: 1 });
    expect(again.err).toContain('error FILE_EXISTS');
    expect(calls).toHaveLength(1); // an invite is good once: it is not used up for nothing
  });

  it('comes before everything else, and others must not be able to read the key', async () => {
    const { network } = memoryCoordinator({ status: STATUS });
    const nobody = await run(network, freshFolder(), ['study', 'results', 'small']);
    expect(nobody.err).toContain('error NOT_ENROLLED');
    const home = enrolled();
    chmodSync(join(home, 'credentials.json'), 0o644);
    expect((await run(network, home, ['study', 'results', 'small'])).err).toContain(
      'CONFIG_INVALID',
    );
    chmodSync(join(home, 'credentials.json'), 0o600);
    writeFileSync(join(home, 'credentials.json'), '{"keyPem": "secret"');
    const broken = await run(network, home, ['study', 'results', 'small']);
    expect(broken.err).toContain('CONFIG_INVALID');
    expect(broken.err).not.toContain('secret');
  });
});

describe('plexus study', () => {
  function templateIn(folder: string): string {
    for (const [name, text] of Object.entries(TEMPLATE)) writeFileSync(join(folder, name), text);
    return join(folder, 'study.yaml');
  }

  it('submits a study with the keys of the federation and prints the digest that is approved', async () => {
    const hospitals = ['hospital-a', 'hospital-b', 'hospital-c'];
    const { network, calls } = memoryCoordinator({ hospitals });
    const file = templateIn(freshFolder());
    const { status, out } = await run(network, enrolled(), ['study', 'submit', file]);
    expect(status).toBe(0);
    expect(calls).toEqual(['submit my-study', 'close']);
    expect(out).toMatch(/^manifest {2}[0-9a-f]{64}$/m);
    expect(out).toContain('NOT DIFFERENTIALLY PRIVATE');
  });

  it('names hospitals that are not enrolled at their line, and submits nothing', async () => {
    const { network, calls } = memoryCoordinator({ hospitals: ['hospital-a', 'hospital-b'] });
    const file = templateIn(freshFolder());
    const { status, out, err } = await run(network, enrolled(), ['study', 'submit', file]);
    expect(status).toBe(1);
    expect(out).toMatch(/^study\.yaml:5:34 HOSPITAL_UNKNOWN roster\[2\]: .*got hospital-c$/m);
    expect(err).toContain('why   1 problem(s), listed above');
    expect(calls).toEqual(['close']);
  });

  it('does not accept an answer for another manifest', async () => {
    const hospitals = ['hospital-a', 'hospital-b', 'hospital-c'];
    const { network } = memoryCoordinator({ hospitals, digest: '1'.repeat(64) });
    const file = templateIn(freshFolder());
    const { err } = await run(network, enrolled(), ['study', 'submit', file]);
    expect(err).toContain('error ANSWER_MISMATCH: the study was not submitted');
  });

  it('starts and cancels', async () => {
    const { network, calls } = memoryCoordinator({});
    const home = enrolled();
    expect((await run(network, home, ['study', 'start', 'small'])).out).toContain('started small');
    expect((await run(network, home, ['study', 'cancel', 'small'])).out).toContain('cancelled');
    expect(calls).toEqual(['start small', 'close', 'cancel small', 'close']);
  });

  it('is watched in plain lines where there is no terminal', async () => {
    const { network } = memoryCoordinator({ status: STATUS, events: [EVENT, SUMMED] });
    const { status, out, live } = await run(network, enrolled(), ['study', 'watch', 'small']);
    expect(status).toBe(0);
    expect(live).toEqual([]);
    expect(out.split('\n')).toEqual([
      'round 1   masked      north, south',
      'round 1   aggregated  north, south auc 0.875',
      'small: completed, 2 of 2 rounds',
    ]);
  });

  it('is redrawn in place on a terminal, finished rounds staying', async () => {
    const next = { ...EVENT, number: 3, round: 2 };
    const { network } = memoryCoordinator({ status: STATUS, events: [EVENT, SUMMED, next] });
    const { live } = await run(network, enrolled(), ['study', 'watch', 'small'], true);
    expect(live.map((lines) => lines.length)).toEqual([1, 1, 2]);
    expect(live[2]?.[0]).toContain('aggregated');
  });

  it('that fails ends the watching with exit status 1 and its code', async () => {
    const status: StudyStatus = { ...STATUS, phase: 'failed', code: 'WEIGHT_SUM_ZERO' };
    const { network } = memoryCoordinator({ status, events: [EVENT] });
    const watched = await run(network, enrolled(), ['study', 'watch', 'small']);
    expect(watched.status).toBe(1);
    expect(watched.err).toContain('error STUDY_NOT_COMPLETED');
    expect(watched.err).toContain('failed WEIGHT_SUM_ZERO');
  });

  it('has results: who approved, and the newest figures', async () => {
    const { network } = memoryCoordinator({ status: STATUS, events: [EVENT, SUMMED] });
    const { out } = await run(network, enrolled(), ['study', 'results', 'small', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      phase: 'completed',
      approved: ['north', 'south', 'west'],
      metrics: [{ name: 'auc', value: '0.875' }],
    });
  });
});

describe('plexus model fetch', () => {
  const manifest = exampleManifest(LOG);
  const state = exampleState(manifest);
  const honest = downloadOf(manifest, state);

  it('writes a folder with its proof, and says where in the log the model stands', async () => {
    const { network } = memoryCoordinator({ model: honest });
    const out = join(freshFolder(), 'model');
    const fetched = await run(network, enrolled(), ['model', 'fetch', 'small', '--out', out]);
    expect(fetched).toMatchObject({ status: 0, err: '' });
    expect(fetched.out).toContain('log leaf 1 of 2, proven');
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining(['model.json', 'model.tlog-proof', 'model.leaf.json', 'card.md']),
    );
    expect(readModelFolder(nodeSuite, out).manifest).toEqual(manifest);
    expect(readFileSync(join(out, 'card.md'), 'utf8')).toContain('leaf 1 of 2');
  });

  it('refuses what the log does not prove, and writes nothing', async () => {
    const other = new Uint8Array(state);
    other.set([1], other.length - 1);

    for (const [model, why] of [
      [{ ...honest, bytes: other }, 'model: does not have the digest'],
      [{ ...downloadOf(manifest, other), logLeaf: honest.logLeaf }, 'the leaf is not in it'],
      [
        { ...honest, ...releaseOf('small', other), sha256: honest.sha256 },
        'releases another model',
      ],
      [{ ...honest, ...releaseOf('lung', state) }, 'does not release a model of this study'],
      [downloadOf(exampleManifest(), state), 'names a log that is not the one'],
      [{ ...honest, logProof: honest.logProof.slice(0, -4) }, 'checkpoint is malformed'],
    ] as const) {
      const { network } = memoryCoordinator({ model });
      const out = join(freshFolder(), 'model');
      const fetched = await run(network, enrolled(), ['model', 'fetch', 'small', '--out', out]);
      expect(fetched.err).toContain('error ANSWER_MISMATCH: no model was written');
      expect(fetched.err).toContain(why);
      expect(existsSync(out)).toBe(false);
    }
  });
});
