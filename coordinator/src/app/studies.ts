/**
 * What an author does with studies: submit, start, cancel, look, follow, fetch the model.
 *
 * A study is seen by its author, by auditors and by the operator; to another author it is not there. A submission is checked whole before
 * anything of it is stored. Source: docs/protocol.md; audit-log.md 3.7. Leaves to others: the study's course (core), the wire (grpc/).
 */
import {
  checkStudy,
  encodeTensors,
  entryOf,
  initialState,
  manifestBytes,
  manifestDigest,
  parseManifest,
  parseVkey,
  base64,
  plannedRounds,
  PlexusError,
  studyContext,
  type Code,
  type Manifest,
} from '@plexus/core';
import type { Fed } from '@plexus/runtime/drive';
import type { Course, Machines } from './machines.js';
import { keyOf, type OpenFederation } from './federation-state.js';
import type { Caller, FederationView, StudiesPort, StudyView } from './ports.js';
import { EVENTS_TABLE, isLast, metricsOf, viewOf, type StudyEventRow } from './study-events.js';
import type { Surroundings } from './surroundings.js';

export interface StudyDesk extends Pick<
  Machines,
  'federation' | 'study' | 'studies' | 'feedStudy' | 'feedFederation'
> {
  /** Leaf of the study's `model.released`. */
  readonly releaseLeaf: (study: string) => number | undefined;
  /** Resolves at the next transition, or when the signal fires. */
  readonly changed: (signal: AbortSignal) => Promise<void>;
}

const PAGE = 256;

export function studyDesk(around: Surroundings, desk: StudyDesk): StudiesPort {
  const { suite, blobs, log, clock } = around;

  function seen(caller: Caller, id: string): Course {
    const state = desk.study(id);
    if (state === undefined || !maySee(caller, state))
      throw new PlexusError('STUDY_UNKNOWN', 'study: none of this name here');
    return state;
  }

  async function say(caller: Caller, id: string, kind: 'start' | 'cancel'): Promise<void> {
    seen(caller, id);
    const by = nameOf(caller);
    settle(await desk.feedStudy(id, { kind, by, nowMs: clock() }, by), id);
  }

  async function* events(id: string, after: number, signal: AbortSignal) {
    let from = 0;
    for (;;) {
      const changed = desk.changed(signal); // taken before reading, so that nothing falls between
      const rows = await around.store.records(EVENTS_TABLE, from, PAGE);
      for (const row of rows) {
        from = row.id + 1;
        const event = row.row as unknown as StudyEventRow; // the rows of this table are ours
        if (event.study !== id) continue;
        if (row.seq + 1 > after) yield viewOf(row.seq, event);
        if (isLast(event, desk.study(id)?.phase)) return;
      }
      if (signal.aborted) return;
      if (rows.length === 0) await changed;
    }
  }

  return {
    federation: () => Promise.resolve(describe(around, desk.federation())),
    async submit(caller, bytes) {
      const manifest = parseManifest(bytes);
      refuseUnknown(around, desk.federation(), manifest);
      const id = manifest.study;
      const sha256 = manifestDigest(suite, manifest);
      const known = desk.study(id);
      if (known !== undefined) {
        // the same study again is the answer that got lost
        const same = manifestDigest(suite, known.manifest) === sha256;
        if (same && known.by === nameOf(caller)) return { study: id, manifestSha256: sha256 };
        throw new PlexusError('STUDY_EXISTS', 'study: expected a name that is not taken');
      }
      const context = checkedContext(around, manifest);
      const state = initialState(suite, { ...context, schema: manifest.data });
      const model = await blobs.put(encodeTensors(state));
      const by = nameOf(caller);
      settle(
        await desk.feedStudy(id, { kind: 'submit', manifest, model, by, nowMs: clock() }, by),
        id,
      );
      return { study: id, manifestSha256: sha256 };
    },
    start: (caller, id) => say(caller, id, 'start'),
    cancel: (caller, id) => say(caller, id, 'cancel'),
    get: (caller, id) => Promise.resolve().then(() => studyView(around, seen(caller, id))),
    list: (caller) =>
      Promise.resolve(
        desk
          .studies()
          .flatMap((state) => (maySee(caller, state) ? [studyView(around, state)] : [])),
      ),
    async *watch(caller, id, after, signal) {
      seen(caller, id);
      yield* events(id, after, signal);
    },
    async model(caller, id) {
      const state = seen(caller, id);
      const seq = desk.releaseLeaf(id);
      if (seq === undefined)
        throw new PlexusError('MODEL_NOT_RELEASED', 'model: expected a completed study');
      const sizeBytes = await blobs.sizeOf(state.model);
      if (sizeBytes === undefined)
        throw new PlexusError('STATE_UNEXPECTED', 'model: a released one is not stored');
      settle(
        await desk.feedFederation({ kind: 'fetch', study: id, by: nameOf(caller), nowMs: clock() }),
        id,
      );
      await log.publish();
      const { proof, leaf } = await log.proof(seq);
      return {
        sha256: state.model,
        sizeBytes,
        rounds: state.roundsDone,
        manifest: manifestBytes(state.manifest),
        metrics: metricsOf(state.metrics),
        logProof: proof,
        logLeaf: leaf,
        bytes: blobs.stream(state.model, 0),
      };
    },
  };
}

/** Errors: the code that the machine refused with. */
export function settle(fed: Fed<unknown>, place: string): void {
  if (fed.kind === 'rejected')
    throw new PlexusError(fed.code, `${place}: ${entryOf(fed.code).text}`);
}

export function studyView({ suite }: Pick<Surroundings, 'suite'>, state: Course): StudyView {
  const { manifest, decisions, roundsDone } = state;
  const named = (decision: string): readonly string[] =>
    manifest.roster
      .filter(({ index }) =>
        decisions.some((one) => one.hospital === index && one.decision === decision),
      )
      .map(({ hospital }) => hospital);
  const { phase } = state;
  const code: Code | undefined = 'code' in state ? state.code : undefined;
  return {
    study: manifest.study,
    manifestSha256: manifestDigest(suite, manifest),
    phase: phase === 'approval' ? 'submitted' : phase === 'closing' ? 'running' : phase,
    ...(code === undefined ? {} : { code }),
    approved: named('approved'),
    refused: [...named('refused'), ...named('withdrawn')],
    roundsDone,
    roundsPlanned: plannedRounds(studyContext(suite, manifest)),
    ...(phase === 'completed' ? { modelSha256: state.model } : {}),
  };
}

function maySee({ kind, id }: Caller, { by }: Course): boolean {
  return kind !== 'researcher' || by === `${kind}/${id}`;
}

function nameOf({ kind, id }: Pick<Caller, 'kind' | 'id'>): string {
  return `${kind}/${id}`;
}

/** Every hospital by its registered keys, and this federation's log: otherwise agents would pin what nobody holds. */
function refuseUnknown(
  { suite, log }: Surroundings,
  federation: OpenFederation,
  manifest: Manifest,
): void {
  if (manifest.log.origin !== log.origin || manifest.log.vkey !== log.vkey)
    throw new PlexusError('MANIFEST_INVALID', 'manifest: log: expected the log of this federation');
  const { hospitals } = describe({ suite, log, federation: '' }, federation);
  for (const { hospital, identityKey, cosignerKey } of manifest.roster) {
    const known = hospitals.find(({ id }) => id === hospital);
    if (known === undefined)
      throw new PlexusError('HOSPITAL_UNKNOWN', `manifest: roster: ${hospital} is not enrolled`);
    if (known.identityKey !== identityKey || known.cosignerKey !== cosignerKey)
      throw new PlexusError('MANIFEST_INVALID', `manifest: roster: ${hospital} has other keys`);
  }
}

/** Errors: the code of the first thing that is wrong, with all of them in the message. */
function checkedContext(
  { suite }: Surroundings,
  manifest: Manifest,
): ReturnType<typeof studyContext> {
  const checked = checkStudy(manifest);
  const [first] = checked.kind === 'refused' ? checked.problems : [];
  if (checked.kind === 'refused' && first !== undefined)
    throw new PlexusError(
      first.code,
      checked.problems.map(({ path, text }) => `manifest: ${path}: ${text}`).join('; '),
    );
  return studyContext(suite, manifest);
}

function describe(
  { suite, federation, log }: Pick<Surroundings, 'suite' | 'federation' | 'log'>,
  { members }: OpenFederation,
): FederationView {
  const publicKey = (vkey: string): string => base64(parseVkey(suite, vkey).publicKey);
  const hospitals = members.flatMap((member) => {
    const identity = keyOf(member, 'statement');
    const cosigner = keyOf(member, 'cosign');
    if (member.kind !== 'hospital' || identity === undefined || cosigner === undefined) return [];
    const keys = { identityKey: publicKey(identity.vkey), cosignerKey: publicKey(cosigner.vkey) };
    return [{ id: member.id, ...keys }];
  });
  return { federation, logOrigin: log.origin, logVkey: log.vkey, hospitals };
}
