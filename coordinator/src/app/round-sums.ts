/**
 * The work `aggregate`: collects what a session kept, lets core sum it, stores what came of it, and feeds the result.
 *
 * The next model is durable before the transition that names it. A crash in between repeats the work and finds the same digests.
 * Leaves to others: every number (core/src/round/coordinator/sum.ts), which vectors are deleted afterwards (uploads.ts).
 */
import {
  PlexusError,
  sumRound,
  type Bytes,
  type SessionState,
  type StudyInput,
  type StudySettings,
  type StudyState,
} from '@plexus/core';
import type { Surroundings } from './surroundings.js';

type RunningStudy = Extract<StudyState, { readonly phase: 'running' }>;

/** The input that ends the phase `summing`, or undefined when the study has moved on. */
export async function sumSession(
  { blobs, store, clock, say }: Pick<Surroundings, 'blobs' | 'store' | 'clock' | 'say'>,
  settings: StudySettings,
  state: StudyState | undefined,
  id: string,
): Promise<Extract<StudyInput, { readonly kind: 'aggregated' }> | undefined> {
  const session = summingSession(state, id);
  if (state?.phase !== 'running' || session === undefined) return undefined;
  const digests = [
    ...session.shares.map(({ list }) => list),
    ...session.releases.map(({ release }) => release),
  ];
  const kept = new Map<string, Bytes>();
  for (const digest of digests) kept.set(digest, await keptBytes(store, digest));
  const vectors: Bytes[] = [];
  for (const vector of summedVectors(session)) vectors.push(await blobs.read(vector));
  const {
    result,
    blobs: made,
    faulty,
  } = sumRound(settings, state, session, {
    kept: (digest) => kept.get(digest) ?? new Uint8Array(),
    vectors,
    model: await blobs.read(state.model),
  });
  for (const { bytes } of made) await blobs.put(bytes);
  for (const index of faulty)
    say(
      `${state.manifest.study}: ${nameOf(state, index)} released shares that were not dealt to it`,
    );
  return { kind: 'aggregated', session: id, result, nowMs: clock() };
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

function nameOf(state: RunningStudy, index: number): string {
  return state.manifest.roster.find((member) => member.index === index)?.hospital ?? 'unknown';
}
