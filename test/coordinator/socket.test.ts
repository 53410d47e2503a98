/** The socket between an operator's command and the coordinator that serves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlexusError } from '@plexus/core';
import { ask, listenOn } from '../../coordinator/src/cli/socket.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'plexus-'));
  path = join(dir, 'coordinator.sock');
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

test('a request is answered; nobody there is no error but no answer', async () => {
  expect(await ask(path, { kind: 'status' })).toBeUndefined();
  const socket = await listenOn(path, (request) => Promise.resolve({ got: request }));
  expect(await ask(path, { kind: 'status' })).toEqual({ got: { kind: 'status' } });
  await socket.close();
  expect(await ask(path, { kind: 'status' })).toBeUndefined();
});

test('a refusal keeps its code and its words', async () => {
  const socket = await listenOn(path, () =>
    Promise.reject(new PlexusError('MEMBER_UNKNOWN', 'remove: nobody of this name')),
  );
  await expect(ask(path, {})).rejects.toMatchObject({
    code: 'MEMBER_UNKNOWN',
    message: 'remove: nobody of this name',
  });
  await socket.close();
});

test('a second coordinator on the same folder does not start; a socket left by a killed one is no obstacle', async () => {
  const answer = () => Promise.resolve({});
  writeFileSync(path, '');
  const socket = await listenOn(path, answer);
  await expect(listenOn(path, answer)).rejects.toMatchObject({ code: 'COORDINATOR_RUNNING' });
  expect(await ask(path, {})).toEqual({});
  await socket.close();
});

test('a folder too deep for a socket is named, not cut', async () => {
  const deep = join(dir, 'x'.repeat(120), 'coordinator.sock');
  await expect(listenOn(deep, () => Promise.resolve({}))).rejects.toMatchObject({
    code: 'COORDINATOR_CONFIG_INVALID',
  });
});

test('a command that goes away in the middle, or says nothing of sense, disturbs nobody', async () => {
  const socket = await listenOn(path, (request) => Promise.resolve(request));
  await new Promise<void>((resolve) => {
    const client = connect(path, () => {
      client.write('{"half');
      client.destroy();
    });
    client.once('close', () => {
      resolve();
    });
  });
  const reply = await new Promise<string>((resolve) => {
    const client = connect(path, () => client.write('no json\n'));
    client.once('data', (data) => {
      resolve(data.toString());
      client.destroy();
    });
  });
  expect(reply).toContain('COMMAND_FAILED');
  expect(await ask(path, { still: 'there' })).toEqual({ still: 'there' });
  await socket.close();
});
