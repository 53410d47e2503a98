/**
 * A study's life as functions: submit a file, start it, follow it, fetch the model and see it proven by the log.
 *
 * The coordinator is not believed: the model's bytes have the digest of a leaf, and the leaf is in the log whose key came with enrolment.
 * Source: audit-log.md 3.7, 9.2. Leaves to others: the wire (grpc/client.ts), printing (cli/).
 */
import {
  checkHead,
  checkInclusion,
  hex,
  manifestBytes,
  manifestDigest,
  parseLeaf,
  parseManifest,
  parseProofFile,
  PlexusError,
  type Manifest,
  type Suite,
} from '@plexus/core';
import type { Release } from './model-card.js';
import type { ModelDownload, ResearchApi } from './research-api.js';
import type { FileProblem } from './study-file.js';
import { validateStudyFile } from './validate.js';

export type Submitted =
  | { readonly kind: 'submitted'; readonly manifest: Manifest; readonly sha256: string }
  | { readonly kind: 'refused'; readonly problems: readonly FileProblem[] };

export interface ProvenModel {
  readonly manifest: Manifest;
  /** The canonical bytes of the state. */
  readonly state: Uint8Array;
  readonly release: Release;
  readonly proof: Uint8Array;
  readonly leaf: Uint8Array;
}

/**
 * Compiles a study file with the federation's real keys and submits it.
 *
 * Errors   operator/FILE_UNREADABLE; peer/ANSWER_MISMATCH if the coordinator names another digest; whatever the coordinator refuses with.
 */
export async function submitStudy(
  suite: Suite,
  api: ResearchApi,
  file: string,
): Promise<Submitted> {
  const { log, hospitals } = await api.federation();
  const roster = hospitals.map(({ id, ...keys }) => ({ hospital: id, ...keys }));
  const validated = validateStudyFile(file, { roster, log });
  if (validated.kind === 'refused') return validated;
  const { manifest } = validated;
  const sha256 = manifestDigest(suite, manifest);
  const answer = await api.submit(manifestBytes(manifest));
  if (answer.manifestSha256 !== sha256 || answer.study !== manifest.study)
    throw new PlexusError('ANSWER_MISMATCH', 'coordinator: answered for another manifest');
  return { kind: 'submitted', manifest, sha256 };
}

/**
 * Fetches the newest model of a study and checks that the log holds it.
 *
 * Errors   peer/ANSWER_MISMATCH, naming what does not fit; whatever the coordinator refuses with.
 */
export async function fetchModel(
  suite: Suite,
  api: ResearchApi,
  study: string,
  log: Manifest['log'],
): Promise<ProvenModel> {
  const download = await api.fetchModel(study);
  const manifest = parseManifest(download.manifest);
  if (manifest.study !== study) throw mismatch('manifest: is of another study');
  // the pin came with enrolment: a coordinator with a second log could otherwise show whatever it likes
  if (manifest.log.origin !== log.origin || manifest.log.vkey !== log.vkey)
    throw mismatch('manifest: names a log that is not the one of this federation');
  if (hex(suite.sha256(download.bytes)) !== download.sha256)
    throw mismatch('model: does not have the digest it was announced with');
  const position = provenPosition(suite, download, study, log);
  const metrics = Object.fromEntries(download.metrics.map(({ name, value }) => [name, value]));
  const release = { rounds: download.rounds, metrics, log: position };
  const { bytes: state, logProof: proof, logLeaf: leaf } = download;
  return { manifest, state, release, proof, leaf };
}

function provenPosition(
  suite: Suite,
  { sha256, logProof, logLeaf }: ModelDownload,
  study: string,
  log: Manifest['log'],
): Release['log'] {
  const proof = parseProofFile(logProof);
  const checked = checkHead(suite, log, undefined, proof.checkpoint, []);
  if (checked.kind === 'refused') throw mismatch(`log: its checkpoint is ${checked.reason}`);
  const seq = Number(proof.index);
  const path = proof.hashes.map((hash) => Buffer.from(hash).toString('base64'));
  if (!checkInclusion(suite, checked.head, seq, logLeaf, path))
    throw mismatch('log: the leaf is not in it');
  const leaf = parseLeaf(logLeaf);
  if (leaf.type !== 'model.released' || leaf.study !== study || leaf.seq !== seq)
    throw mismatch('log: the leaf does not release a model of this study');
  if (leaf.data['model_sha256'] !== sha256) throw mismatch('log: the leaf releases another model');
  return { seq, size: checked.head.size };
}

function mismatch(text: string): PlexusError {
  return new PlexusError('ANSWER_MISMATCH', text);
}
