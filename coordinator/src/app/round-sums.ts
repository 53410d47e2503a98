/**
 * The work `aggregate`: collects what a session kept, sums its vectors between two steps of core, stores what came of it.
 *
 * The next model is durable before the transition that names it. A crash in between repeats the work and finds the same digests.
 * Leaves to others: what is summed and what it means (core/src/round/coordinator/sum.ts), the sum itself (sum-vectors.ts), which vectors
 * are deleted afterwards (uploads.ts).
 */
import {
  finishSum,
  PlexusError,
  prepareSum,
  type Bytes,
  type RoundSum,
  type SessionState,
  type StudyInput,
  type StudySettings,
  type StudyState,
} from '@plexus/core';
import { sumVectors } from './sum-vectors.js';
import type { Surroundings } from './surroundings.js';

type RunningStudy = Extract<StudyState, { readonly phase: 'running' }>;

type Around = Pick<Surroundings, 'blobs' | 'store' | 'addMasks' | 'clock'>;

/** The input that ends the phase `summing`, or undefined when the study has moved on. */
export async function sumSession(
  around: Around,
  settings: StudySettings,
  state: StudyState | undefined,
  id: string,
): Promise<Extract<StudyInput, { readonly kind: 'aggregated' }> | undefined> {
  const session = summingSession(state, id);
  if (state?.phase !== 'running' || session === undefined) return undefined;
  const { result, blobs } = await sumOf(around, settings, state, session);
  for (const { bytes } of blobs) await around.blobs.put(bytes);
  return { kind: 'aggregated', session: id, result, nowMs: around.clock() };
}

async function sumOf(
  around: Around,
  settings: StudySettings,
  state: RunningStudy,
  session: SessionState,
): Promise<RoundSum> {
  const { store, blobs } = around;
  const kept = new Map<string, Bytes>();
  for (const { release: digest } of session.releases)
    kept.set(digest, await keptBytes(store, digest));
  const read = (digest: string): Bytes => kept.get(digest) ?? new Uint8Array();
  const prepared = prepareSum(settings, state, session, read);
  if (prepared.kind === 'refused') return prepared.sum;
  const { layout, masks } = prepared;
  const words = await sumVectors(around, layout, summedVectors(session), masks);
  return finishSum(settings, state, session, prepared, words, await blobs.read(state.model));
}

/** Digests of the survivors' vectors: what the archive keeps. */
export function summedVectors({ u3, masked }: SessionState): readonly string[] {
  return masked.filter(({ hospital }) => u3.includes(hospital)).map(({ vector }) => vector);
}

export async function keptBytes(store: Surroundings['store'], digest: string): Promise<Bytes> {
  const bytes = await store.kept(digest);
  if (bytes === undefined)
    throw new PlexusError('STATE_UNEXPECTED', `kept bytes ${digest}: expected them in the store`);
  return bytes;
}

function summingSession(state: StudyState | undefined, id: string): SessionState | undefined {
  if (state?.phase !== 'running' || state.current.phase !== 'session') return undefined;
  const { session } = state.current;
  return session.phase === 'summing' && session.session === id ? session : undefined;
}
