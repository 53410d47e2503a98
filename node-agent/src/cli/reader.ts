/**
 * Reads what the agent knows: from its database, or, while it runs and holds that, by asking it.
 *
 * Leaves to others: the request files (store/requests.ts), answering (run.ts).
 */
import { PlexusError, type JsonObject } from '@plexus/core';
import { openSqliteStore } from '@plexus/runtime';
import { readShown, showing, type Shown } from '../app/showing.js';
import { askAgent } from './asking.js';
import type { AgentFolder } from './folder.js';
import { storeKeyOf } from './store-key.js';

/** Errors: operator/AGENT_SILENT if the agent holds its database and does not answer; those of the store. */
export async function readAgent(folder: AgentFolder, waitMs?: number): Promise<Shown> {
  const shown = readShown((await fromDatabase(folder)) ?? (await fromAgent(folder, waitMs)));
  if (shown === undefined)
    throw new PlexusError('AGENT_SILENT', 'agent: its answer is not one of this version');
  return shown;
}

async function fromDatabase(folder: AgentFolder): Promise<JsonObject | undefined> {
  const storeKey = storeKeyOf(folder);
  let store;
  try {
    store = openSqliteStore({ path: folder.database, mode: 'existing', storeKey });
  } catch (thrown) {
    if (thrown instanceof PlexusError && thrown.code === 'STORE_LOCKED') return undefined;
    throw thrown;
  }
  try {
    return await showing(store);
  } finally {
    await store.close();
  }
}

async function fromAgent(folder: AgentFolder, waitMs?: number): Promise<JsonObject> {
  const answer = await askAgent(folder, { kind: 'show' }, waitMs);
  if (answer === undefined)
    throw new PlexusError('AGENT_SILENT', 'agent: holds its database and does not answer');
  return answer;
}
