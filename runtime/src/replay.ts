/**
 * Replay: every transition done again through the same step, and compared with what was stored (I7, audit-log.md L6).
 *
 * Leaves to others: what is sent and worked on afterwards (drive.ts), the files of the log (publish.ts).
 */
import {
  appendLeafHash,
  checkReplay,
  EMPTY_TREE,
  equalBytes,
  hex,
  parseRfc3339,
  PlexusError,
  type JournalRow,
  type Suite,
  type TreeState,
} from '@plexus/core';
import { parse, type LiveMachines } from './live.js';
import type { Store } from './port.js';

const PAGE = 256;

export interface Replayed {
  readonly tree: TreeState;
  /** Time of the newest leaf. */
  readonly lastMs: number;
}

/** Errors: environment/REPLAY_MISMATCH, naming the first place where the store and the machines disagree. */
export async function replayJournal<Work>(
  suite: Suite,
  store: Store,
  origin: string,
  machines: LiveMachines<Work>,
): Promise<Replayed> {
  let tree = EMPTY_TREE;
  let lastMs = 0;
  for (;;) {
    const rows = await store.journal(tree.size, PAGE);
    const entries = await store.entries(tree.size, PAGE);
    if (rows.length !== entries.length) throw mismatch('log', 'has not one leaf for each row');
    if (rows.length === 0) break;
    for (const [i, row] of rows.entries()) {
      if (row.seq !== tree.size) throw mismatch('journal', `has a gap at ${String(tree.size)}`);
      const leaf = await replayRow(suite, origin, machines, row);
      if (!equalBytes(leaf.bytes, entries[i] ?? new Uint8Array(0)))
        throw mismatch(`leaf ${String(row.seq)}`, 'differs from its transition');
      tree = appendLeafHash(suite, tree, leaf.hash).tree;
      lastMs = parseRfc3339(row.time) ?? lastMs;
    }
  }
  await compareStates(suite, store, machines);
  const stored = await store.tree();
  if (stored.size !== tree.size || !stored.frontier.every((hash, i) => isAt(tree, i, hash)))
    throw mismatch('tree', 'differs from the replayed leaves');
  return { tree, lastMs };
}

async function replayRow<Work>(
  suite: Suite,
  origin: string,
  machines: LiveMachines<Work>,
  row: JournalRow,
): Promise<{ readonly bytes: Uint8Array; readonly hash: Uint8Array }> {
  const where = `machine ${row.machine}`;
  const live = await machines.find(row.machine);
  if (live === undefined) throw mismatch(where, 'is not known');
  if (live.n !== row.n) throw mismatch(where, `has no transition ${String(live.n)}`);
  const input = parse(row.input);
  try {
    const { state, effects } = live.machine.step(live.state, input);
    const again = checkReplay(suite, origin, row, { input, state, effects });
    machines.moved(row.machine, {
      machine: live.machine,
      state: parse(again.state),
      digest: again.journal.stateDigest,
      n: row.n + 1,
    });
    return { bytes: again.leaf, hash: again.leafHash };
  } catch (cause) {
    // another program wrote the journal, or somebody edited it: either way this one must not go on from it
    const what = cause instanceof PlexusError ? cause.message : 'a step that fails';
    throw mismatch(`${where} transition ${String(row.n)}`, what, cause);
  }
}

async function compareStates<Work>(
  suite: Suite,
  store: Store,
  machines: LiveMachines<Work>,
): Promise<void> {
  const stored = new Map((await store.states()).map(({ machine, state }) => [machine, state]));
  const replayed = machines.all();
  if (stored.size !== replayed.length)
    throw mismatch('states', 'are not those of the journal’s machines');
  for (const { machine, digest } of replayed) {
    const state = stored.get(machine.id);
    if (state === undefined || hex(suite.sha256(state)) !== digest)
      throw mismatch(`machine ${machine.id}`, 'stored state differs from the replayed one');
  }
}

function isAt(tree: TreeState, i: number, hash: Uint8Array): boolean {
  const other = tree.frontier[i];
  return other !== undefined && equalBytes(hash, other);
}

function mismatch(where: string, what: string, cause?: unknown): PlexusError {
  return new PlexusError('REPLAY_MISMATCH', `${where}: ${what}`, { cause });
}
