/** The program on loopback: a folder made by init, served, asked over its socket, entered with its invites, stopped and started again. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { manifestBytes } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import type { Status } from '../../coordinator/src/app/coordinator.ts';
import { initFolder } from '../../coordinator/src/cli/init.ts';
import { operate } from '../../coordinator/src/cli/operate.ts';
import { serve, type Serving } from '../../coordinator/src/cli/serve.ts';
import { enrolHospital, readHospitalInvite } from '../../node-agent/src/grpc/enrolment.ts';
import { openResearchClient } from '../../researcher/src/grpc/client.ts';
import type { ResearchApi } from '../../researcher/src/research-api.ts';
import { enrolPerson } from '../../researcher/src/grpc/enrolment.ts';
import { HOSPITALS, keysOf, manifestHere } from './hospitals.ts';

const root = mkdtempSync(join(tmpdir(), 'plexus-'));
const dir = join(root, 'fed');
const said: string[] = [];
const say = (line: string): void => {
  said.push(line);
};
const options = { dir, listen: '127.0.0.1', port: 0, enrolPort: 0 };
let serving: Serving;

async function stop(): Promise<void> {
  serving.stop();
  expect(await serving.stopped).toBeUndefined();
}

async function invite(subject: 'hospital' | 'researcher', id: string): Promise<string> {
  const request = { kind: 'invite', subject, id, lifetimeMs: 60_000 } as const;
  return ((await operate(suite, dir, request, say)) as { readonly invite: string }).invite;
}

beforeAll(async () => {
  const names = { federation: 'onco', host: '127.0.0.1', listen: '127.0.0.1' };
  await initFolder(suite, dir, { ...names, port: 0, enrolPort: 0 }, say);
  serving = await serve(suite, options, say);
});
afterAll(async () => {
  await stop();
  rmSync(root, { recursive: true });
});

test('init makes a folder for its owner alone, and only once', async () => {
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  for (const key of ['ca.key.sealed', 'log.key.sealed', 'store.key'])
    expect(statSync(join(dir, key)).mode & 0o777).toBe(0o600);
  expect(existsSync(`${dir}.partial`)).toBe(false);
  const names = {
    federation: 'onco',
    host: '127.0.0.1',
    listen: '127.0.0.1',
    port: 0,
    enrolPort: 0,
  };
  await expect(initFolder(suite, dir, names, say)).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  const bad = initFolder(suite, join(root, 'bad'), { ...names, federation: 'No Name' }, say);
  await expect(bad).rejects.toMatchObject({ code: 'COORDINATOR_CONFIG_INVALID' });
  expect(existsSync(join(root, 'bad'))).toBe(false);
});

test('members come with invites printed while it serves, and a used one is refused', async () => {
  const text = await invite('hospital', 'north');
  const timeout = { timeoutMs: 5_000 };
  const enrolled = await enrolHospital(readHospitalInvite(text), keysOf(1, 'north'), timeout);
  expect(enrolled.logOrigin).toBe('127.0.0.1/plexus/onco');
  await expect(
    enrolHospital(readHospitalInvite(text), keysOf(1, 'north'), timeout),
  ).rejects.toMatchObject({ code: 'INVITE_USED' });
});

test('an author sees the hospitals, and a study with a stranger in it is refused whole', async () => {
  const client = await researcher('r1');
  const { hospitals, log } = await client.federation();
  expect(hospitals.map(({ id }) => id)).toEqual(['north']);
  const manifest = manifestHere({ log });
  expect(manifest.roster.map(({ hospital }) => hospital)).toEqual(HOSPITALS);
  await expect(client.submit(manifestBytes(manifest))).rejects.toMatchObject({
    code: 'HOSPITAL_UNKNOWN',
  });
  expect(await client.list()).toEqual([]);
  client.close();
});

test('stopped and started again it has lost nothing, and commands work in between', async () => {
  const before = (await operate(suite, dir, { kind: 'status' }, say)) as Status;
  await stop();
  const between = (await operate(suite, dir, { kind: 'status' }, say)) as Status;
  expect(between.members.map(({ id }) => id)).toEqual(before.members.map(({ id }) => id));
  expect(between.log.size).toBeGreaterThanOrEqual(before.log.size);
  await expect(invite('hospital', 'south')).rejects.toMatchObject({
    code: 'COORDINATOR_CONFIG_INVALID',
  });
  serving = await serve(suite, options, say);
  const after = (await operate(suite, dir, { kind: 'status' }, say)) as Status;
  expect(after.log.checkpoint.split('\n')[1]).toBe(String(after.log.size));
});

test('a second one on the same folder does not start, and the first goes on', async () => {
  await expect(serve(suite, options, say)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  expect(await operate(suite, dir, { kind: 'status' }, say)).toMatchObject({ federation: 'onco' });
});

test('the evidence is written into an empty folder, and the export is in the log', async () => {
  const out = join(root, 'evidence');
  const request = { kind: 'bundle', out, profile: 'full' } as const;
  const { files } = (await operate(suite, dir, request, say)) as { readonly files: number };
  expect(files).toBeGreaterThan(3);
  expect(readdirSync(out)).toEqual(expect.arrayContaining(['bundle.json', 'log', 'trust']));
  writeFileSync(join(root, 'here'), '');
  await expect(operate(suite, dir, request, say)).rejects.toMatchObject({ code: 'FILE_EXISTS' });
});

async function researcher(id: string): Promise<ResearchApi> {
  const { endpoint, identity } = await enrolPerson(await invite('researcher', id), {
    timeoutMs: 5_000,
  });
  return openResearchClient(endpoint, identity);
}
