/**
 * What agents may store and read: the masked vector that a session awaits from them, and the model of a study they have approved.
 *
 * The digest of a vector is named only afterwards, in a signed statement; so it is the size that must be the awaited one, and each
 * hospital has one upload at a time. Once its exchange is over for a hospital nothing more of it is taken, begun or not, so that no
 * vector arrives after the survivors are fixed. What no sum came out of is deleted (audit-log.md section 11).
 * Leaves to others: files and hashing (runtime/), frames (grpc/).
 */
import { fromUtf8, PlexusError, utf8, type StudyState } from '@plexus/core';
import type { BlobsPort } from './ports.js';
import type { Surroundings } from './surroundings.js';

/** The studies that have a state, and what the manifest of each implies. */
export interface StudyShelf {
  readonly states: () => readonly StudyState[];
  /** Bytes of a vector of the session under way. */
  readonly vectorBytes: (state: RunningStudy) => number;
}

type RunningStudy = Extract<StudyState, { readonly phase: 'running' }>;

export interface Uploads {
  readonly port: BlobsPort;
  /** Size of the complete upload of this hospital under that digest. */
  stored(hospital: string, digest: string): Promise<number | undefined>;
  /** A session of the study is over: keeps the vectors that were summed, deletes the rest. */
  settle(study: string, roster: readonly string[], summed: readonly string[]): Promise<void>;
}

export function agentUploads(
  { store, blobs }: Pick<Surroundings, 'store' | 'blobs'>,
  shelf: StudyShelf,
): Uploads {
  /** What is being uploaded by a hospital, with the announced size and the study it is for. */
  const open = new Map<
    string,
    { readonly digest: string; readonly size: number; readonly study: string }
  >();

  async function completeOf(study: string, hospital: string): Promise<string | undefined> {
    const bytes = await store.fact(factOf(study, hospital));
    return bytes === undefined || bytes.length === 0 ? undefined : fromUtf8(bytes);
  }

  async function stored(hospital: string, digest: string): Promise<number | undefined> {
    for (const state of shelf.states()) {
      if (state.phase !== 'running') continue;
      if ((await completeOf(state.manifest.study, hospital)) === digest)
        return await blobs.sizeOf(digest);
    }
    return undefined;
  }

  /** The upload under way, as long as the session awaits it: what came before the exchange was over is thrown away with it. */
  async function uploadOf(
    hospital: string,
    digest: string,
  ): Promise<{ readonly size: number; readonly study: string }> {
    const upload = open.get(hospital);
    if (upload?.digest !== digest) throw refusal(shelf, hospital);
    if (awaiting(shelf, hospital, upload.size) === upload.study) return upload;
    open.delete(hospital);
    await blobs.discard(digest);
    throw refusal(shelf, hospital);
  }

  const port: BlobsPort = {
    async stat(hospital, digest) {
      const size = await stored(hospital, digest);
      if (size !== undefined) return { offset: size, complete: true };
      const own = open.get(hospital)?.digest === digest;
      return { offset: own ? await blobs.staged(digest) : 0, complete: false };
    },
    async begin(hospital, digest, size) {
      const study = awaiting(shelf, hospital, size);
      if (study === undefined) throw refusal(shelf, hospital);
      const before = open.get(hospital);
      if (before !== undefined && before.digest !== digest) await blobs.discard(before.digest);
      open.set(hospital, { digest, size, study });
    },
    async append(hospital, digest, offset, bytes) {
      if (offset + bytes.length > (await uploadOf(hospital, digest)).size)
        throw new PlexusError('BLOB_TOO_LARGE', 'upload: more bytes than announced');
      await blobs.append(digest, offset, bytes);
    },
    async finish(hospital, digest) {
      const { study, size } = await uploadOf(hospital, digest);
      open.delete(hospital);
      await blobs.finish(digest);
      if (awaiting(shelf, hospital, size) !== study) {
        await blobs.remove(digest); // the survivors were fixed while it was hashed
        throw refusal(shelf, hospital);
      }
      const older = await completeOf(study, hospital);
      if (older !== undefined && older !== digest) await blobs.remove(older);
      await store.setFact(factOf(study, hospital), utf8(digest));
    },
    async read(hospital, digest, offset) {
      const may = shelf.states().some((state) => isModelFor(state, hospital, digest));
      const sizeBytes = may ? await blobs.sizeOf(digest) : undefined;
      if (sizeBytes === undefined)
        throw new PlexusError('BLOB_ABSENT', 'blob: not one this hospital may read');
      if (offset > sizeBytes)
        throw new PlexusError('BLOB_OFFSET', `blob: expected at most ${String(sizeBytes)}`);
      return { sizeBytes, bytes: blobs.stream(digest, offset) };
    },
  };

  return {
    port,
    stored,
    async settle(study, roster, summed) {
      for (const hospital of roster) {
        const digest = await completeOf(study, hospital);
        if (digest === undefined) continue;
        if (!summed.includes(digest)) await blobs.remove(digest);
        await store.setFact(factOf(study, hospital), new Uint8Array());
      }
      for (const [hospital, upload] of open)
        if (upload.study === study) {
          open.delete(hospital);
          await blobs.discard(upload.digest);
        }
    },
  };
}

/** Where it is remembered which upload of a hospital is complete, over a restart too. */
function factOf(study: string, hospital: string): string {
  return `upload/${study}/${hospital}`;
}

/** The study whose session awaits a vector of that size from the hospital. */
function awaiting(shelf: StudyShelf, hospital: string, size: number): string | undefined {
  for (const state of shelf.states()) {
    if (state.phase !== 'running' || state.current.phase !== 'session') continue;
    const { session } = state.current;
    const index = state.manifest.roster.find((member) => member.hospital === hospital)?.index;
    if (index === undefined || session.phase !== 'masked' || !session.u2.includes(index)) continue;
    if (session.lost.includes(index)) continue;
    if (session.masked.some((answer) => answer.hospital === index)) continue;
    if (shelf.vectorBytes(state) === size) return state.manifest.study;
  }
  return undefined;
}

function isModelFor(state: StudyState, hospital: string, digest: string): boolean {
  if (state.phase !== 'running' || state.model !== digest) return false;
  const index = state.manifest.roster.find((member) => member.hospital === hospital)?.index;
  return state.decisions.some(
    (decision) => decision.hospital === index && decision.decision === 'approved',
  );
}

/** A hospital that shared keys in a session whose vectors are in, or that was lost there, comes too late. */
function refusal(shelf: StudyShelf, hospital: string): PlexusError {
  const isLate = shelf.states().some((state) => {
    if (state.phase !== 'running' || state.current.phase !== 'session') return false;
    const { session } = state.current;
    const index = state.manifest.roster.find((member) => member.hospital === hospital)?.index;
    if (index === undefined || !session.u2.includes(index)) return false;
    const isTaken = session.masked.some((answer) => answer.hospital === index);
    return session.phase !== 'masked' || isTaken || session.lost.includes(index);
  });
  return isLate
    ? new PlexusError('PHASE_CLOSED', 'upload: the vectors of this session are in')
    : new PlexusError('UPLOAD_UNEXPECTED', 'upload: no session awaits it');
}
