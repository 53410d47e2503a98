/**
 * A coordinator in memory, for the researcher's side: hospitals, one study, one model, and a real signed log of two leaves.
 */
import {
  base64,
  formatProofFile,
  formatVkey,
  fromUtf8,
  hex,
  leafBytes,
  leafHash,
  manifestBytes,
  nodeHash,
  PlexusError,
  signCheckpoint,
  verifierKey,
  type Bytes,
  type Manifest,
} from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import type {
  Credentials,
  ModelDownload,
  Network,
  ResearchApi,
  StudyEvent,
  StudyStatus,
} from '../../researcher/src/research-api.ts';

const SEED = new Uint8Array(32).fill(7);
const ORIGIN = 'coord.example.org/plexus/onco';
export const LOG = {
  origin: ORIGIN,
  vkey: formatVkey(verifierKey(nodeSuite, ORIGIN, 1, nodeSuite.ed25519PublicKey(SEED))),
};
export const CREDENTIALS: Credentials = {
  federation: 'example',
  id: 'author',
  host: '127.0.0.1',
  port: 1,
  caPem: 'ca',
  chainPem: 'chain',
  keyPem: 'key',
  log: LOG,
};

/** A leaf `model.released` for these bytes, and the proof that it is the second of two. */
export function releaseOf(
  study: string,
  model: Bytes,
): Pick<ModelDownload, 'sha256' | 'logProof' | 'logLeaf'> {
  const sha256 = hex(nodeSuite.sha256(model));
  const logLeaf = leafBytes(
    {
      type: 'model.released',
      action: 'C',
      outcome: 'success',
      actor: { kind: 'coordinator', id: 'coordinator', authn: 'local' },
      study,
      data: { model_sha256: sha256, round_leaf: 0 },
    },
    {
      seq: 1,
      log: ORIGIN,
      time: '2026-03-02T10:15:04.120Z',
      salt: 'AAAAAAAAAAAAAAAAAAAAAA',
      source: {
        system: 'plexus-coordinator',
        version: '0.1.0',
        build_sha256: '0'.repeat(64),
        node: 'c1',
      },
      transition: { machine: `study/${study}`, n: 1, input: '0'.repeat(64), state: '0'.repeat(64) },
    },
  );
  const first = leafHash(nodeSuite, Uint8Array.of(1));
  const root = nodeHash(nodeSuite, first, leafHash(nodeSuite, logLeaf));
  const checkpoint = fromUtf8(signCheckpoint(nodeSuite, ORIGIN, { size: 2n, root }, SEED));
  return { sha256, logLeaf, logProof: formatProofFile({ index: 1n, hashes: [first], checkpoint }) };
}

export interface MemoryCoordinator {
  readonly network: Network;
  readonly calls: readonly string[];
}

export function memoryCoordinator(given: {
  readonly hospitals?: readonly string[];
  readonly status?: StudyStatus;
  readonly events?: readonly StudyEvent[];
  readonly model?: ModelDownload;
  /** What it answers a submission with, in place of the truth. */
  readonly digest?: string;
}): MemoryCoordinator {
  const calls: string[] = [];
  const key = (n: number): string => base64(new Uint8Array(32).fill(n));
  const unknown = (): PlexusError => new PlexusError('HOSPITAL_UNKNOWN', 'refused');
  const api: ResearchApi = {
    federation: () =>
      Promise.resolve({
        federation: 'example',
        log: LOG,
        hospitals: (given.hospitals ?? []).map((id, i) => ({
          id,
          identityKey: key(2 * i + 1),
          cosignerKey: key(2 * i + 2),
        })),
      }),
    submit(manifest) {
      const { study } = JSON.parse(fromUtf8(manifest)) as Manifest;
      calls.push(`submit ${study}`);
      const manifestSha256 = given.digest ?? hex(nodeSuite.sha256(manifest));
      return Promise.resolve({ study, manifestSha256 });
    },
    start(study) {
      calls.push(`start ${study}`);
      return Promise.resolve();
    },
    cancel(study) {
      calls.push(`cancel ${study}`);
      return Promise.resolve();
    },
    status: () => (given.status ? Promise.resolve(given.status) : Promise.reject(unknown())),
    list: () => Promise.resolve(given.status ? [given.status] : []),
    async *watch() {
      await Promise.resolve();
      yield* given.events ?? [];
    },
    fetchModel: () => (given.model ? Promise.resolve(given.model) : Promise.reject(unknown())),
    close() {
      calls.push('close');
    },
  };
  const network: Network = {
    enrol(invite) {
      calls.push(`enrol ${invite}`);
      return Promise.resolve(CREDENTIALS);
    },
    connect: () => Promise.resolve(api),
  };
  return { network, calls };
}

export function downloadOf(manifest: Manifest, state: Bytes): ModelDownload {
  return {
    ...releaseOf(manifest.study, state),
    bytes: state,
    rounds: 15,
    manifest: manifestBytes(manifest),
    metrics: [{ name: 'auc', value: '0.875' }],
  };
}
