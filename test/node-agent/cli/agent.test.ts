/** The built `plexus-agent` as a process of its own, against a coordinator's real edge on loopback with a memory behind it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  base64,
  base64url,
  compileManifest,
  manifestBytes,
  openKeyStatement,
  parseVkey,
  utf8,
  verifyApproval,
  type KeyRole,
  type Manifest,
} from '@plexus/core';
import { formatInvite } from '@plexus/proto';
import { nodeSuite as suite } from '@plexus/suite';
import { tokenDigest } from '../../../coordinator/src/app/enrolment.ts';
import type { EnrolmentRequest } from '../../../coordinator/src/app/ports.ts';
import {
  FEDERATION,
  HOUR,
  sha256,
  startFederation,
  type Federation,
} from '../../wire/federation.ts';
import { federationLog, PINNED } from '../app/federation-log.ts';
import { goodCsv, schemaValue, sql } from '../data/fixtures.ts';

const BINARY = fileURLToPath(new URL('../../../node-agent/bin/plexus-agent.js', import.meta.url));
const dir = join(mkdtempSync(join(tmpdir(), 'plexus-agent-')), 'north');
let federation: Federation;
let request: EnrolmentRequest;
let running: ChildProcess | undefined;

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function agent(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [BINARY, ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  await once(child, 'close');
  return { status: child.exitCode, ...texts };
}

function invite(): string {
  const token = base64url(new Uint8Array(32).fill(federation.app.invites.size + 1));
  const expiresMs = Date.now() + HOUR;
  const issued = { kind: 'hospital', id: 'north', expiresMs } as const;
  const tokenSha256 = tokenDigest(suite, token);
  federation.app.invites.set(tokenSha256, { tokenSha256, ...issued });
  return formatInvite({
    federation: FEDERATION,
    host: '127.0.0.1',
    port: federation.server.port,
    enrolPort: federation.server.enrolPort,
    caSha256: sha256(der(federation.ca.certificatePem)),
    token,
    ...issued,
  });
}

function der(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

function keyOf(role: KeyRole): string {
  const key = request.keys.find((one) => one.role === role);
  return base64(parseVkey(suite, key?.vkey ?? '').publicKey);
}

/** A study that names this hospital by the keys it enrolled with, and two others that never appear. */
function manifest(): Manifest {
  const other = (fill: number) => base64(suite.ed25519PublicKey(new Uint8Array(32).fill(fill)));
  const compiled = compileManifest(
    {
      study: 'ward-study',
      title: 'Pain on the ward',
      roster: ['north', 'south', 'west'],
      data: schemaValue,
      model: {
        name: 'logistic',
        loss: 'binaryCrossentropy',
        layers: [{ type: 'dense', units: 1, activation: 'sigmoid', useBias: true }],
      },
      tasks: [{ kind: 'moments' }],
      privacy: { mode: 'none' },
      secagg: { cAbs: 1, wMax: 60 },
      seed: 1,
    },
    {
      roster: [
        { hospital: 'north', identityKey: keyOf('statement'), cosignerKey: keyOf('cosign') },
        { hospital: 'south', identityKey: other(1), cosignerKey: other(2) },
        { hospital: 'west', identityKey: other(3), cosignerKey: other(4) },
      ],
      log: PINNED,
    },
  );
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
  return compiled.manifest;
}

beforeAll(async () => {
  federation = await startFederation();
  const { app } = federation;
  const answer = app.enrol.bind(app);
  app.enrol = async (asked) => {
    request = asked;
    return { ...(await answer(asked)), logOrigin: PINNED.origin, logVkey: PINNED.vkey };
  };
});

afterAll(async () => {
  if (running?.exitCode === null) running.kill('SIGKILL');
  await federation.close();
});

describe('enrol', () => {
  it('refuses an invite that is none, and says what to do', async () => {
    const { status, err } = await agent('enrol', '--invite', 'hello', '--dir', dir);
    expect(status).toBe(1);
    expect(err).toMatch(/^error INVITE_MALFORMED: this hospital is not enrolled\nwhy .*\nnext /);
    expect(existsSync(dir)).toBe(false);
  });

  it('makes keys, configuration and database, and proves four keys to the coordinator', async () => {
    const { status, out, err } = await agent('enrol', '--invite', invite(), '--dir', dir);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^ok {4}north is enrolled in onco.example.org/);
    expect(readdirSync(dir).sort()).toEqual([
      'agent.db',
      'agent.yaml',
      'enrolment.json',
      'keys',
      'mappings',
      'policy.yaml',
      'sources.yaml',
    ]);
    const files = readdirSync(join(dir, 'keys')).sort();
    expect(files).toEqual([
      'approval.key',
      'cosign.sealed',
      'data.sealed',
      'site-log.sealed',
      'statement.sealed',
      'store.key',
      'tls.pem',
    ]);
    for (const file of files) expect(statSync(join(dir, 'keys', file)).mode & 0o777).toBe(0o600);
    const identity = parseVkey(suite, request.keys[0]?.vkey ?? '').publicKey;
    for (const { statement, role } of request.keys)
      expect(openKeyStatement(suite, statement, identity)?.statement).toMatchObject({
        hospital: 'north',
        role,
      });
  });

  it('a second time is refused: FILE_EXISTS', async () => {
    const { status, err } = await agent('enrol', '--invite', invite(), '--dir', dir);
    expect(status).toBe(1);
    expect(err).toContain('FILE_EXISTS');
  });
});

describe('before the agent runs', () => {
  it('there is nothing to show, as text and as JSON', async () => {
    const studies = await agent('studies', '--dir', dir);
    expect(studies.out).toBe('no study has been offered to this hospital\n');
    const outbound = await agent('outbound', '--dir', dir, '--json');
    expect(JSON.parse(outbound.out)).toEqual({ rows: [], sums: [] });
  });

  it('a study that was never offered cannot be approved: STUDY_UNKNOWN', async () => {
    const { status, err } = await agent('approve', 'ward-study', '--dir', dir, '--yes');
    expect(status).toBe(1);
    expect(err).toContain('STUDY_UNKNOWN');
  });

  it('a folder without enrolment is AGENT_NOT_ENROLLED', async () => {
    for (const command of ['run', 'studies', 'outbound']) {
      const { status, err } = await agent(command, '--dir', tmpdir());
      expect(status).toBe(1);
      expect(err).toContain('AGENT_NOT_ENROLLED');
    }
  });
});

describe('while the agent runs', () => {
  const lines: string[] = [];

  it('it connects as its hospital with the head it holds', async () => {
    writeFileSync(
      join(dir, 'policy.yaml'),
      'studies: any\nmaxLevel: 3\nsuppression: standard\nprivacy: { none: [moments] }\n',
    );
    running = spawn(process.execPath, [BINARY, 'run', '--dir', dir]);
    running.stderr?.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    const { app } = federation;
    await app.until(() => app.hellos.length > 0);
    expect(app.hellos[0]).toMatchObject({ software: 'plexus-agent/0.1.0', head: { size: 0 } });
  });

  it('an offer shows up with what would leave', async () => {
    const { app } = federation;
    const text = base64(manifestBytes(manifest()));
    app.links[0]?.send(1, { kind: 'study-offer', study: 'ward-study', manifest: text });
    await app.until(() => app.answers.length > 0);
    expect(app.answers).toEqual([{ hospital: 'north', id: 1, answer: { kind: 'ack' } }]);
    const { out } = await agent('studies', '--dir', dir);
    expect(out).toMatch(/ward-study +offered +0 +Pain on the ward/);
    expect(out).toMatch(/leaves +moments: 1 round, one masked vector of \d+ numbers/);
    expect(out).toMatch(/readable +sums over at least 3 hospitals/);
    expect(out).toMatch(/of 3 hospitals at least 3 are in any sum, 2 of them honest; .* 3 shares/);
    const json = await agent('studies', '--dir', dir, '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      studies: [
        { summary: { secagg: [{ cohort: 3, graph: 'complete', degree: 2, threshold: 3 }] } },
      ],
    });
  });

  it('data that do not fit are not approved: the code, the column, no value', async () => {
    mkdirSync(join(dir, 'mappings'), { recursive: true });
    writeFileSync(join(dir, 'sources.yaml'), 'ward: { kind: csv, path: ward.csv }\n');
    const columns = {
      age: { unit: 'a', class: 'personal', level: 3 },
      pain: { class: 'health-status', level: 3 },
      sick: { class: 'health-status', level: 3 },
    };
    writeFileSync(
      join(dir, 'mappings', 'ward-study.yaml'),
      JSON.stringify({ source: 'ward', columns, sql }),
    );
    writeFileSync(join(dir, 'ward.csv'), goodCsv(20).replace('p3,43', 'p3,forty-three'));
    const { status, err, out } = await agent('approve', 'ward-study', '--dir', dir, '--yes');
    expect(status).toBe(1);
    expect(err).toContain('DATA_VALUE_UNREADABLE');
    expect(err + out).not.toContain('forty-three');
  });

  it('an approval is signed, taken up and told to the coordinator', async () => {
    writeFileSync(join(dir, 'ward.csv'), goodCsv(20));
    const { status, err, out } = await agent('approve', 'ward-study', '--dir', dir, '--yes');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain('ok    study ward-study is approved');
    const { app } = federation;
    await app.until(() => app.received.length > 0);
    const [told] = app.received;
    if (told?.message.kind !== 'decision') throw new Error('expected a decision');
    const now = new Date().toISOString();
    const verdict = verifyApproval(suite, told.message.envelope, manifest(), now);
    expect(verdict).toMatchObject({ kind: 'valid', statement: { hospital: 'north' } });
  });

  it('a log that is not the pinned one’s is refused', async () => {
    const { app } = federation;
    const log = federationLog([utf8('a leaf')]);
    const evidence = { ...log.evidence(0, 0), checkpoint: 'another\n1\n' };
    app.links[0]?.send(2, {
      kind: 'round-offer',
      study: 'ward-study',
      round: 1,
      attempt: 1,
      task: 0,
      roundInTask: 0,
      model: '00'.repeat(32),
      deadlineMs: Date.now() + HOUR,
      evidence,
    });
    await app.until(() => app.answers.length > 1);
    expect(app.answers[1]?.answer).toEqual({ kind: 'refused', code: 'LOG_HEAD_REFUSED' });
  });

  it('the ledger has what left, and the sums of it', async () => {
    const { out } = await agent('outbound', '--dir', dir);
    expect(out).toMatch(
      /^time +study +round +what +bytes +sha256\n.*ward-study +0 +decision +\d+ /,
    );
    expect(out).toMatch(/study +rounds +messages +vectors +bytes\nward-study +0 +1 +0 +\d+\n$/);
  });

  it('a withdrawal is told as well', async () => {
    const { status } = await agent(
      'withdraw',
      'ward-study',
      '--dir',
      dir,
      '--yes',
      '--reason',
      'ethics',
    );
    expect(status).toBe(0);
    const { app } = federation;
    await app.until(() => app.received.length > 1);
    const { out } = await agent('studies', '--dir', dir, '--json');
    expect(JSON.parse(out)).toMatchObject({ studies: [{ phase: 'withdrawn' }] });
  });

  it('SIGTERM ends it cleanly, with a line for each event and no value of a row in any', async () => {
    running?.kill('SIGTERM');
    if (running !== undefined) await once(running, 'close');
    expect(running?.exitCode).toBe(0);
    const text = lines.join('');
    expect(text).toMatch(/connected\n.*study ward-study: offered; a steward has to approve it/);
    expect(text.trimEnd()).toMatch(/stopped$/);
    expect(text).not.toMatch(/p\d,\d\d/);
  });

  it('afterwards the commands read the database themselves', async () => {
    const { out } = await agent('outbound', '--dir', dir, '--json');
    const shown = JSON.parse(out) as { sums: readonly unknown[] };
    expect(shown.sums).toMatchObject([{ study: 'ward-study', messages: 2 }]);
  });
});
