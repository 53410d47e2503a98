/**
 * The typed client for study authors: ResearchService over mutual TLS, as promises and async iterables.
 *
 * Leaves to others: reading YAML, building the manifest, showing progress (cli/).
 */
import { createHash } from 'node:crypto';
import { base64, concat, hex, PlexusError, type Bytes } from '@plexus/core';
import {
  AuditServiceClient,
  BundleProfile,
  callUnary,
  channelTo,
  type Endpoint,
  present,
  readNumber,
  readStream,
  ResearchServiceClient,
  type TlsIdentity,
  type WireStudyStatus,
  writeNumber,
} from '@plexus/proto';
import type { ModelDownload, ResearchApi, StudyEvent, StudyStatus } from '../research-api.js';

const CALL_MS = 30_000;
const MAX_MODEL_BYTES = 2 ** 31;

export interface BundlePart {
  readonly path: string;
  readonly sizeBytes: number;
  readonly bytes: Bytes;
}

export function openResearchClient(endpoint: Endpoint, identity: TlsIdentity): ResearchApi {
  const { address, credentials, options } = channelTo(endpoint, identity);
  const client = new ResearchServiceClient(address, credentials, options);
  return {
    async federation() {
      const answer = await callUnary(client.getFederation.bind(client), {}, CALL_MS);
      return {
        federation: answer.federation,
        log: { origin: answer.logOrigin, vkey: answer.logVkey },
        hospitals: answer.hospitals.map(({ id, identityKey, cosignerKey }) => ({
          id,
          identityKey: base64(identityKey),
          cosignerKey: base64(cosignerKey),
        })),
      };
    },
    async submit(manifest) {
      const answer = await callUnary(client.submitStudy.bind(client), { manifest }, CALL_MS);
      return { study: answer.study, manifestSha256: hex(answer.manifestSha256) };
    },
    async start(study) {
      await callUnary(client.startStudy.bind(client), { study }, CALL_MS);
    },
    async status(study) {
      const { status } = await callUnary(client.getStudy.bind(client), { study }, CALL_MS);
      return readStatus(present(status, 'status'));
    },
    async list() {
      const { studies } = await callUnary(client.listStudies.bind(client), {}, CALL_MS);
      return studies.map(readStatus);
    },
    async cancel(study) {
      await callUnary(client.cancelStudy.bind(client), { study }, CALL_MS);
    },
    watch: (study, after, signal) => watch(client, study, after, signal),
    fetchModel: (study) => fetchModel(client, study),
    close() {
      client.close();
    },
  };
}

/** The evidence bundle, file by file; for auditors and the operator. */
export async function* exportBundle(
  endpoint: Endpoint,
  identity: TlsIdentity,
  profile: 'log' | 'full',
): AsyncIterable<BundlePart> {
  const { address, credentials, options } = channelTo(endpoint, identity);
  const client = new AuditServiceClient(address, credentials, options);
  const wanted =
    profile === 'full' ? BundleProfile.BUNDLE_PROFILE_FULL : BundleProfile.BUNDLE_PROFILE_LOG;
  let file: { readonly path: string; readonly sizeBytes: number } | undefined;
  let pieces: Bytes[] = [];
  try {
    for await (const { frame } of readStream(client.exportBundle({ profile: wanted, study: '' }))) {
      if (frame?.$case === 'bytes') {
        pieces.push(frame.value);
        continue;
      }
      if (file !== undefined) yield { ...file, bytes: concat(...pieces) };
      const next = present(frame, 'bundle frame').value;
      file = { path: next.path, sizeBytes: readNumber(next.size, 'size') };
      pieces = [];
    }
    if (file !== undefined) yield { ...file, bytes: concat(...pieces) };
  } finally {
    client.close();
  }
}

async function* watch(
  client: ResearchServiceClient,
  study: string,
  after: number,
  signal: AbortSignal,
): AsyncIterable<StudyEvent> {
  const call = client.watchStudy({ study, after: writeNumber(after) });
  for await (const message of readStream(call, signal)) {
    const event = present(message.event, 'event');
    const { kind, round, attempt, phase, hospitals, metrics, code } = event;
    yield {
      number: readNumber(message.number, 'number'),
      timeMs: readNumber(message.timeMs, 'time_ms'),
      ...{ kind, round, attempt, phase, hospitals, metrics, code },
    };
  }
}

async function fetchModel(client: ResearchServiceClient, study: string): Promise<ModelDownload> {
  let description;
  const pieces: Bytes[] = [];
  let at = 0;
  for await (const { frame } of readStream(client.fetchModel({ study }))) {
    if (frame?.$case === 'description') {
      description = frame.value;
      if (readNumber(description.size, 'size') > MAX_MODEL_BYTES)
        throw new PlexusError('BLOB_TOO_LARGE', 'model: more than 2 GiB');
    } else if (frame?.$case === 'bytes') {
      pieces.push(frame.value);
      at += frame.value.length;
      if (description === undefined || BigInt(at) > description.size)
        throw new PlexusError('BLOB_OFFSET', 'model: more bytes than announced');
    }
  }
  const { sha256, rounds, manifest, metrics, logProof, logLeaf } = present(description, 'model');
  const bytes = concat(...pieces);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== hex(sha256))
    throw new PlexusError('BLOB_MISMATCH', 'model: not the bytes that were announced');
  return { sha256: digest, bytes, rounds, manifest, metrics, logProof, logLeaf };
}

function readStatus(wire: WireStudyStatus): StudyStatus {
  const { study, phase, code, approved, refused, roundsDone, roundsPlanned, modelSha256 } = wire;
  return {
    ...{ study, phase, code, approved, refused, roundsDone, roundsPlanned },
    manifestSha256: hex(wire.manifestSha256),
    modelSha256: modelSha256 === undefined ? undefined : hex(modelSha256),
  };
}
