/**
 * A study's machine as the driver runs it, and the two steps around it that need secrets: what a message asks for, computed; what is sent, read.
 *
 * Source: docs/adr/0002-secrets-outside-inputs.md. Leaves to others: the protocol itself (core's round/participant), sealing (runtime).
 */
import {
  expandOutgoing,
  participantMachine,
  PlexusError,
  studyContext,
  type Bytes,
  type FromAgent,
  type Head,
  type Json,
  type Myself,
  type ParticipantInput,
  type ParticipantMachine,
  type ParticipantOutgoing,
  type ParticipantState,
  type Signer,
  type StudyContext,
  type Suite,
  type ToAgent,
  type TrainWork,
  type Code,
} from '@plexus/core';
import type { Machine, NamedSecret, Store } from '@plexus/runtime/drive';

const PREFIX = 'study/';

export interface Party extends Machine<TrainWork> {
  readonly study: ParticipantMachine;
}

/** One study at this hospital, as work needs it. */
export interface StudyNow {
  readonly context: StudyContext;
  /** Roster index of this hospital. */
  readonly self: number;
}

/** What to do with a message. */
export type Heard =
  | { readonly kind: 'refused'; readonly code: Code }
  /** Answered before: acknowledged again, and nothing else. */
  | { readonly kind: 'repeated' }
  | {
      readonly kind: 'feed';
      readonly input: ParticipantInput;
      readonly secrets: readonly NamedSecret[];
      /** To be durable under its digest before the input is fed. */
      readonly vector?: { readonly digest: string; readonly bytes: Bytes };
    };

export function machineId(study: string): string {
  return `${PREFIX}${study}`;
}

export function isStudyMachine(id: string): boolean {
  return id.startsWith(PREFIX);
}

export function createParty(suite: Suite, myself: Myself, id: string): Party {
  const study = participantMachine(suite, myself);
  return {
    id,
    study,
    initial: study.initial as unknown as Json,
    step(state, input) {
      const stepped = study.step(partyState(state), input as unknown as ParticipantInput); // only hear() and the app's own inputs are fed
      return { state: stepped.state as unknown as Json, effects: stepped.effects };
    },
    pendingWork: (state) => study.pendingWork(partyState(state)),
  };
}

/** The machine's state, typed: only this machine wrote it. */
export function partyState(state: Json | undefined): ParticipantState {
  return state === undefined ? { phase: 'absent' } : (state as unknown as ParticipantState);
}

export function studyNow(suite: Suite, state: ParticipantState): StudyNow | undefined {
  if (state.phase === 'absent') return undefined;
  return { context: studyContext(suite, state.manifest), self: state.self };
}

/** Plans a message and performs what it asks for with the unsealed secrets. Errors: environment/SECRET_UNOPENABLE. Secret: what comes back. */
export async function hear(
  party: Party,
  state: ParticipantState,
  { message, head, nowMs }: { message: ToAgent; head: Head | undefined; nowMs: number },
  own: {
    readonly store: Pick<Store, 'secret'>;
    readonly signer: Signer;
    readonly random: (length: number) => Bytes;
  },
): Promise<Heard> {
  const plan = party.study.plan(state, message, head, nowMs);
  const base = {
    kind: 'message',
    message,
    nowMs,
    ...(head === undefined ? {} : { head }),
  } as const;
  switch (plan.kind) {
    case 'rejected':
      return { kind: 'refused', code: plan.code };
    case 'repeated':
      return { kind: 'repeated' };
    case 'feed':
      return { kind: 'feed', input: base, secrets: [] };
    case 'perform': {
      const unsealed = new Map<string, Bytes>();
      for (const name of plan.secrets) {
        const bytes = await own.store.secret(name);
        if (bytes === undefined)
          throw new PlexusError('SECRET_UNOPENABLE', 'session: a secret of it is absent');
        unsealed.set(name, bytes);
      }
      const { performed, secrets, vector } = party.study.perform(state, message, head, {
        signer: own.signer,
        random: own.random(32),
        read: (name) => {
          const bytes = unsealed.get(name);
          if (bytes === undefined)
            throw new PlexusError('STATE_UNEXPECTED', 'perform: asks for more than its plan');
          return bytes;
        },
      });
      const input = { ...base, performed };
      return vector !== undefined && performed.kind === 'mask'
        ? {
            kind: 'feed',
            input,
            secrets,
            vector: { digest: performed.vector.sha256, bytes: vector },
          }
        : { kind: 'feed', input, secrets };
    }
  }
}

/** The outbox row as it travels; undefined if its secret is gone, and with it the session. Secret: M4. */
export async function expand(
  store: Pick<Store, 'secret'>,
  row: Json,
): Promise<FromAgent | undefined> {
  const outgoing = row as unknown as ParticipantOutgoing; // only these machines send
  if (outgoing.kind !== 'release') return expandOutgoing(outgoing, () => new Uint8Array());
  const secret = await store.secret(outgoing.secret);
  return secret === undefined ? undefined : expandOutgoing(outgoing, () => secret);
}
