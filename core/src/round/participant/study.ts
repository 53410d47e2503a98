/**
 * The machine of one study at a hospital: offered, decided, trained, summed, ended; the mirror of round/coordinator.
 *
 * `plan` says what a message needs, `perform` computes it with the unsealed secrets, `step` checks again and makes it one transition
 * (docs/adr/0002). Pure; total on peer input. Source: docs/protocol.md, "A round at the agent"; secure-aggregation.md section 4.
 */
import type { Head } from '../../audit/heads.js';
import type { Bytes } from '../../base/bytes.js';
import type { Envelope, Signer } from '../../base/dsse.js';
import { PlexusError, type Code } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import type { Suite } from '../../base/suite.js';
import type { Manifest } from '../../study/manifest.js';
import type { ToAgent } from '../messages.js';
import { roundSetting, studyContext, type Position, type RoundSetting } from '../study-context.js';
import { isExpired, signAbandon, takeExpired, takeRestored } from './abandon.js';
import { checkAgree, enterAgree, performAgree, takeAgree } from './agree.js';
import { inSession, isRefusal, type Refusal } from './common.js';
import { readOffer, refuseUnapproved, takeDecided, takeOffer } from './decision.js';
import { takeSessionEnded, takeStudyEnded } from './ended.js';
import { checkShares, performMask, takeShares, type MaskResult } from './masked.js';
import { checkOpen, performOpen, takeOpen } from './open.js';
import { checkRoundOffer, takeRoundOffer, takeTrained, takeUnable, trainWork } from './round.js';
import { rootSecret, sharesSecret, updateSecret, updateWords } from './secrets.js';
import { checkKeys, performShare, takeKeys } from './share.js';
import type {
  KnownStudy,
  Myself,
  ParticipantInput,
  ParticipantState,
  ParticipantStep,
  Performed,
  Settings,
  TrainWork,
} from './state.js';
import { checkUnmask, performUnmask, takeUnmask } from './unmask.js';

type Exchange = Extract<
  ToAgent,
  { readonly kind: 'open' | 'keys' | 'shares' | 'agree' | 'unmask' }
>;
type MessageInput = Extract<ParticipantInput, { readonly kind: 'message' }>;

export type Plan =
  | { readonly kind: 'rejected'; readonly code: Code }
  /** Answered before: acknowledge, and feed nothing. */
  | { readonly kind: 'repeated' }
  /** Feed the message as it is. */
  | { readonly kind: 'feed' }
  /** Unseal these secrets, perform, feed the message with what came out. */
  | { readonly kind: 'perform'; readonly secrets: readonly string[] };

export interface PerformSecrets {
  /** The hospital's identity key. */
  readonly signer: Signer;
  /** 32 fresh bytes; used by `open` only. */
  readonly random: Bytes;
  /** The unsealed secrets that the plan named. */
  readonly read: (name: string) => Bytes;
}

export interface ParticipantMachine {
  readonly initial: ParticipantState;
  plan(state: ParticipantState, message: ToAgent, head: Head | undefined, nowMs: number): Plan;
  /** Errors: bug/STATE_UNEXPECTED unless the plan for the same state and message said `perform`. */
  perform(
    state: ParticipantState,
    message: ToAgent,
    head: Head | undefined,
    secrets: PerformSecrets,
  ): MaskResult | (Omit<MaskResult, 'performed'> & { readonly performed: Performed });
  /** M6, if the session's time is over: to be fed as `expired`. */
  expiry(state: ParticipantState, signer: Signer, nowMs: number): Envelope | undefined;
  step(state: ParticipantState, input: ParticipantInput): ParticipantStep;
  pendingWork(state: ParticipantState): readonly TrainWork[];
}

/** One for each study at one hospital: what follows from its manifest is computed once. */
export function participantMachine(suite: Suite, myself: Myself): ParticipantMachine {
  let known: Settings | undefined;
  const settingsOf = (manifest: Manifest): Settings => (known ??= makeSettings(suite, manifest));
  return {
    initial: { phase: 'absent' },
    plan(state, message, head, nowMs) {
      if (message.kind === 'study-offer') {
        const manifest = readOffer(suite, myself, message);
        return 'kind' in manifest ? { kind: 'rejected', code: manifest.code } : { kind: 'feed' };
      }
      if (state.phase === 'absent') return { kind: 'rejected', code: 'STUDY_UNKNOWN' };
      const settings = settingsOf(state.manifest);
      if (message.kind === 'round-offer') {
        const offer = checkRoundOffer(settings, state, message, head, nowMs);
        return offer.kind === 'offer' ? { kind: 'feed' } : planOf(offer);
      }
      if (message.kind === 'session-ended' || message.kind === 'study-ended')
        return { kind: 'feed' };
      const checked = check(settings, state, message, head, nowMs);
      return checked.kind === 'checked'
        ? { kind: 'perform', secrets: secretsOf(state, message) }
        : planOf(checked);
    },
    perform(state, message, head, secrets) {
      const checked =
        state.phase === 'absent' || !isExchange(message)
          ? undefined
          : check(settingsOf(state.manifest), state, message, head, undefined);
      if (checked?.kind !== 'checked')
        throw new PlexusError('STATE_UNEXPECTED', `${message.kind}: expected a plan to perform`);
      return checked.perform(secrets);
    },
    expiry(state, signer, nowMs) {
      if (state.phase === 'absent') return undefined;
      const settings = settingsOf(state.manifest);
      return isExpired(settings, state, nowMs) ? signAbandon(settings, state, signer) : undefined;
    },
    step(state, input) {
      if (input.kind === 'message' && input.message.kind === 'study-offer')
        return takeOffer(suite, myself, state, input.message, settingsOf);
      if (state.phase === 'absent') return reject(state, 'STUDY_UNKNOWN');
      const settings = settingsOf(state.manifest);
      switch (input.kind) {
        case 'message':
          return hear(settings, state, input);
        case 'decided':
          return takeDecided(settings, state, input);
        case 'trained':
          return takeTrained(settings, state, input);
        case 'unable':
          return takeUnable(settings, state, input);
        case 'expired':
          return takeExpired(settings, state, input);
        case 'restored':
          return takeRestored(settings, state, input);
        case 'tick':
          return { state, effects: [] };
      }
    },
    pendingWork(state) {
      const round = state.phase === 'absent' ? undefined : state.round;
      return round?.phase === 'training' ? [trainWork(round)] : [];
    },
  };
}

function hear(settings: Settings, state: KnownStudy, input: MessageInput): ParticipantStep {
  const { message, head, performed, nowMs } = input;
  switch (message.kind) {
    case 'study-offer':
      throw new PlexusError('STATE_UNEXPECTED', 'study-offer: expected to be taken before');
    case 'study-ended':
      return takeStudyEnded(settings, state, message);
    case 'session-ended':
      return takeSessionEnded(settings, state, message);
    case 'round-offer': {
      const offer = checkRoundOffer(settings, state, message, head, nowMs);
      if (offer.kind === 'offer') return takeRoundOffer(settings, state, message);
      return offer.kind === 'refused' ? reject(state, offer.code) : { state, effects: [] };
    }
    case 'open':
    case 'keys':
    case 'shares':
    case 'agree':
    case 'unmask': {
      const checked = check(settings, state, message, head, nowMs);
      if (checked.kind === 'refused') return reject(state, checked.code);
      return checked.kind === 'checked' && performed !== undefined
        ? checked.take(performed, nowMs)
        : { state, effects: [] };
    }
  }
}

interface Checked {
  readonly kind: 'checked';
  readonly perform: (
    secrets: PerformSecrets,
  ) => Omit<MaskResult, 'performed'> & { readonly performed: Performed };
  readonly take: (performed: Performed, nowMs: number) => ParticipantStep;
}

/** Everything public about an exchange's message, checked; what can be done with it then. */
function check(
  settings: Settings,
  state: KnownStudy,
  message: Exchange,
  head: Head | undefined,
  nowMs: number | undefined,
): Checked | Refusal | { readonly kind: 'repeated' } {
  const id = message.session;
  switch (message.kind) {
    case 'open': {
      const unapproved = nowMs === undefined ? undefined : refuseUnapproved(state, nowMs);
      if (unapproved !== undefined) return { kind: 'refused', code: unapproved };
      const opening = checkOpen(settings, state, message, head);
      if ('kind' in opening) return opening;
      return {
        kind: 'checked',
        perform: ({ signer, random: z }) =>
          performOpen(settings, state, message, opening, { signer, z }),
        take: (performed, nowMs) =>
          takeOpen(settings, state, message, opening, of(performed, 'advertise'), nowMs),
      };
    }
    case 'keys': {
      const at = inSession(settings, state, message, 'advertised');
      if ('kind' in at) return at;
      const advertised = checkKeys(at, message);
      if (isRefusal(advertised)) return advertised;
      return {
        kind: 'checked',
        perform: ({ signer, read }) => ({
          performed: performShare(at, advertised, { signer, z: read(rootSecret(id)) }),
          secrets: [],
        }),
        take: (performed) => takeKeys(at, message, advertised, of(performed, 'share')),
      };
    }
    case 'shares': {
      const at = inSession(settings, state, message, 'shared');
      if ('kind' in at) return at;
      const dealings = checkShares(at, message);
      if (isRefusal(dealings)) return dealings;
      return {
        kind: 'checked',
        perform: ({ signer, read }) =>
          performMask(at, message, dealings, {
            signer,
            z: read(rootSecret(id)),
            words: updateWords(read(updateSecret(state.manifest.study))),
          }),
        take: (performed) =>
          takeShares(
            at,
            message,
            dealings,
            performed.kind === 'complain' ? performed : of(performed, 'mask'),
          ),
      };
    }
    case 'agree': {
      const at = enterAgree(settings, state, message);
      if ('kind' in at) return at;
      const survivors = checkAgree(at, message, head);
      if (isRefusal(survivors)) return survivors;
      return {
        kind: 'checked',
        perform: (secrets) => ({ performed: performAgree(at, survivors, secrets), secrets: [] }),
        take: (performed) => takeAgree(at, survivors, of(performed, 'agree')),
      };
    }
    case 'unmask': {
      const at = inSession(settings, state, message, 'agreed');
      if ('kind' in at) return at;
      const release = checkUnmask(at, message, head);
      if (isRefusal(release)) return release;
      return {
        kind: 'checked',
        perform: ({ signer, read }) =>
          performUnmask(at, release, { signer, shares: read(sharesSecret(id)) }),
        take: (performed) => takeUnmask(at, release, of(performed, 'release')),
      };
    }
  }
}

function secretsOf(state: KnownStudy, { kind, session }: Exchange): readonly string[] {
  switch (kind) {
    case 'keys':
      return [rootSecret(session)];
    case 'shares':
      return [rootSecret(session), updateSecret(state.manifest.study)];
    case 'unmask':
      return [sharesSecret(session)];
    case 'open':
    case 'agree':
      return [];
  }
}

function planOf(checked: Refusal | { readonly kind: 'repeated' }): Plan {
  return checked.kind === 'refused' ? { kind: 'rejected', code: checked.code } : checked;
}

function of<K extends Performed['kind']>(
  performed: Performed,
  kind: K,
): Extract<Performed, { readonly kind: K }> {
  if (performed.kind !== kind)
    throw new PlexusError('STATE_UNEXPECTED', `${kind}: expected what was performed for it`);
  return performed as Extract<Performed, { readonly kind: K }>; // narrowed by the line above
}

function isExchange(message: ToAgent): message is Exchange {
  return ['open', 'keys', 'shares', 'agree', 'unmask'].includes(message.kind);
}

function makeSettings(suite: Suite, manifest: Manifest): Settings {
  const study = studyContext(suite, manifest);
  let last: { readonly key: string; readonly setting: RoundSetting } | undefined;
  const setting = (position: Position): RoundSetting => {
    const key = `${String(position.task)}.${String(position.roundInTask)}`;
    if (last?.key !== key) last = { key, setting: roundSetting(study, position) };
    return last.setting;
  };
  return { suite, study, setting };
}
