import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlexusError, type JsonObject } from '@plexus/core';
import { openSqliteStore } from '@plexus/runtime';
import { agentFolder, type AgentFolder } from '../../../node-agent/src/cli/folder.ts';
import { readAgent } from '../../../node-agent/src/cli/reader.ts';
import { makeStoreKey, storeKeyOf } from '../../../node-agent/src/cli/store-key.ts';
import { answerRequest, openRequests } from '../../../node-agent/src/store/requests.ts';

function opened() {
  const folder = agentFolder(mkdtempSync(join(tmpdir(), 'plexus-agent-')));
  writeFileSync(folder.config, '{}\n');
  const storeKey = makeStoreKey(folder);
  expect(storeKeyOf(folder)).toEqual(storeKey);
  const store = openSqliteStore({ path: folder.database, mode: 'create', storeKey });
  return { folder, store };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.catch((error: unknown) => error);
  return thrown instanceof PlexusError ? thrown.code : 'accepted';
}

async function answerNext(folder: AgentFolder, answer: JsonObject): Promise<void> {
  for (;;) {
    const [request] = openRequests(folder.requests);
    if (request !== undefined) {
      answerRequest(folder.requests, request.name, answer);
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('what a command shows', () => {
  it('comes from the database when no agent holds it', async () => {
    const { folder, store } = opened();
    await store.close();
    expect(await readAgent(folder)).toEqual({ studies: [], outbound: [] });
  });

  it('comes from the agent while it holds the database', async () => {
    const { folder, store } = opened();
    const reading = readAgent(folder);
    const row = { time: '2026-03-02T00:00:00.000Z', study: 'a', round: 1, what: 'ready' };
    const outbound = [{ ...row, bytes: 3, digest: '00' }];
    await answerNext(folder, { studies: [], outbound });
    expect(await reading).toEqual({ studies: [], outbound });
    await store.close();
  });

  it('is AGENT_SILENT when the agent holds it and does not answer, or answers something else', async () => {
    const { folder, store } = opened();
    const reading = codeOf(readAgent(folder));
    await answerNext(folder, { kind: 'done' });
    expect(await reading).toBe('AGENT_SILENT');
    expect(await codeOf(readAgent(folder, 60))).toBe('AGENT_SILENT');
    await store.close();
  });
});
