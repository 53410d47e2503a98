/**
 * Opens a coordinator's folder: database, blobs, published log, CA; and starts the use cases on them.
 *
 * Leaves to others: making the folder (init.ts), the ports (serve.ts). Whoever opens must close.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { fromUtf8, type Bytes, type LeafSource, type PlexusError, type Suite } from '@plexus/core';
import { exportBundle, leavesBehind, openBlobs, openLog, openSqliteStore } from '@plexus/runtime';
import { addMasksInParallel } from '@plexus/suite';
import { createCoordinator, type Coordinator } from '../app/coordinator.js';
import {
  folderAt,
  readConfig,
  readSealed,
  readText,
  storeKeyOf,
  type CoordinatorConfig,
} from '../config.js';
import { memberAuthority } from '../grpc/authority.js';
import { openCa, type Ca } from '../grpc/ca.js';
import { software } from './software.js';

const DAY_MS = 86_400_000;

export interface OpenCoordinator {
  readonly coordinator: Coordinator;
  readonly config: CoordinatorConfig;
  readonly ca: Ca;
  readonly software: LeafSource;
  /** Bytes of the operating system's generator. */
  readonly random: (length: number) => Bytes;
}

export interface OpenOptions {
  /** `create` makes the database and the first leaf of the log; a missing one is never made silently (D7). */
  readonly mode: 'create' | 'existing';
  readonly say: (line: string) => void;
  /** What made the coordinator unable to go on; without it the failure is that of whatever is asked next. */
  readonly onFailure?: (error: PlexusError) => void;
}

/** Errors: operator/COORDINATOR_CONFIG_INVALID, FILE_UNREADABLE, STORE_*; environment/LOG_BEHIND, LOG_CONFLICT, REPLAY_MISMATCH. */
export async function openCoordinator(
  suite: Suite,
  dir: string,
  { mode, say, onFailure = () => undefined }: OpenOptions,
): Promise<OpenCoordinator> {
  const folder = folderAt(dir);
  const config = readConfig(folder.config);
  const { federation, origin, memberDays } = config;
  const storeKey = storeKeyOf(dir, config);
  const ca = await openCa({
    certificatePem: readText(folder.caCertificate),
    keyPem: fromUtf8(readSealed(folder.caKey, storeKey)),
  });
  const seed = readSealed(folder.logKey, storeKey);
  const store = openSqliteStore({ path: folder.database, mode, storeKey });
  try {
    mkdirSync(folder.log, { recursive: true });
    const blobs = await openBlobs(folder.blobs);
    const log = await openLog({ suite, store, folder: folder.log, origin, seed });
    const random = (length: number): Bytes => new Uint8Array(randomBytes(length));
    const source = software();
    const coordinator = createCoordinator({
      ...{ suite, federation, source, store, blobs, say, random, onFailure },
      log: {
        ...log,
        behind: leavesBehind(store),
        bundle: (profile, manifest) =>
          exportBundle({ suite, store, log, folder: folder.log, blobs, manifest }, profile),
      },
      authority: memberAuthority(ca, federation, memberDays * DAY_MS, random),
      addMasks: addMasksInParallel,
      clock: () => Date.now(),
    });
    await coordinator.start();
    return { coordinator, config, ca, software: source, random };
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}
