/** A study played once, and one hospital's state before every kind of message of its second round: what refusals are tried on. */
import { expect } from 'vitest';
import { fastSuite as suite } from '../../../fast-suite.ts';
import type { Evidence } from '../../../../core/src/audit/evidence.ts';
import type { Head } from '../../../../core/src/audit/heads.ts';
import { base64 } from '../../../../core/src/base/bytes.ts';
import {
  canonicalBytes,
  canonicalJson,
  type JsonObject,
} from '../../../../core/src/base/canonical-json.ts';
import type { Envelope } from '../../../../core/src/base/dsse.ts';
import type { Code } from '../../../../core/src/base/error.ts';
import type { ToAgent } from '../../../../core/src/round/messages.ts';
import { leafOf } from '../../../../core/src/round/participant/open.ts';
import type {
  KnownStudy,
  ParticipantState,
  Settings,
} from '../../../../core/src/round/participant/state.ts';
import { roundSetting, studyContext } from '../../../../core/src/round/study-context.ts';
import { participantMachine } from '../../../../core/src/round/participant/study.ts';
import type { Bodies, StatementKind } from '../../../../core/src/secagg/bodies.ts';
import { peekStatement, signStatement } from '../../../../core/src/secagg/statements.ts';
import { asJson } from '../../../../core/src/study/parse.ts';
import { createFederation } from '../coordinator/federation.ts';
import { HOSPITALS, keySeed, smallManifest } from '../study.ts';

type Kind = ToAgent['kind'];
export type Of<K extends ToAgent['kind']> = Extract<ToAgent, { readonly kind: K }>;

/** North's state just before a kind of message of round 2, whose task is `train`, and the message. */
interface Moment {
  readonly state: ParticipantState;
  readonly message: ToAgent;
  /** What lay sealed then, by name. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
}

export const HEAD: Head = { size: 1, root: base64(new Uint8Array(32)) };
export const manifest = smallManifest();
export const north = manifest.roster[0];
export const machine = participantMachine(suite, {
  hospital: 'north',
  identityKey: north?.identityKey ?? '',
  cosignerKey: north?.cosignerKey ?? '',
  log: manifest.log,
});
const study = studyContext(suite, manifest);
/** What north computes from the manifest. */
export const settings: Settings = {
  suite,
  study,
  setting: (position) => roundSetting(study, position),
};
export const moments = new Map<Kind, Moment>();

/** A whole study with the moments of north in it, played once for a test file. */
export const federation = createFederation(manifest);
/** What lay sealed at north in round 2: its root secret, and the shares that were dealt to it. */
export const sealed: { z: Uint8Array; shares: Uint8Array } = {
  z: new Uint8Array(),
  shares: new Uint8Array(),
};

{
  const participant = federation.hospitals.get('north');
  if (participant === undefined) throw new Error('no north');
  federation.silent = (hospital, message) => {
    const now = federation.state();
    const isSecond = now.phase === 'running' && now.round === 2;
    if (hospital === 'north' && (isSecond || message.kind === 'study-offer')) {
      const secrets = new Map(
        [...participant.secrets].map(([name, bytes]) => [name, bytes.slice()] as const),
      );
      moments.set(message.kind, { state: participant.state(), message, secrets });
      for (const [name, bytes] of participant.secrets) {
        if (name.endsWith('/z')) sealed.z = bytes.slice();
        if (name.endsWith('/shares')) sealed.shares = bytes.slice();
      }
    }
    return false;
  };
  federation.submit();
  for (const hospital of HOSPITALS) expect(federation.decide(hospital)).toBeUndefined();
  federation.run();
}

export function at<K extends Kind>(
  kind: K,
): {
  readonly state: KnownStudy;
  readonly message: Of<K>;
  readonly secrets: ReadonlyMap<string, Uint8Array>;
} {
  const moment = moments.get(kind);
  if (moment?.message.kind !== kind || moment.state.phase === 'absent') throw new Error(kind);
  const { state, secrets } = moment;
  return { state, message: moment.message as Of<K>, secrets };
}

/** The code that north answers to a changed message, or in a changed state. */
export function code<K extends Kind>(
  kind: K,
  change: Partial<Of<K>>,
  state: ParticipantState = at(kind).state,
  head: Head = HEAD,
  nowMs = federation.nowMs,
): Code | 'perform' | 'feed' | 'repeated' {
  const message = { ...at(kind).message, ...change } as ToAgent;
  const plan = machine.plan(state, message, head, nowMs);
  const before = canonicalJson(asJson(state));
  const input = { kind: 'message', message, nowMs, head } as const;
  if (plan.kind === 'rejected') {
    const stepped = machine.step(state, input);
    expect(stepped.effects).toMatchObject([{ kind: 'reject', code: plan.code }]);
    expect(canonicalJson(asJson(stepped.state))).toBe(before); // I10
    return plan.code;
  }
  return plan.kind;
}

/** The message with a leaf that says the same, as a coordinator that logs its lies would send it. */
export function logged<K extends 'round-offer' | 'open' | 'agree' | 'unmask'>(
  kind: K,
  change: Partial<Of<K>>,
  data: JsonObject,
  about: JsonObject = {},
): Partial<Of<K>> {
  const { evidence: given } = at(kind).message as { readonly evidence?: Evidence };
  const leaf = leafOf(given);
  if (leaf === undefined || given === undefined) throw new Error('no leaf');
  const old = leaf['data'] as JsonObject;
  const bytes = base64(canonicalBytes({ ...leaf, ...about, data: { ...old, ...data } }));
  const evidence = { ...given, leaf: { ...given.leaf, bytes } };
  return { ...change, evidence };
}

/** A statement of another hospital with another body, signed as that hospital would. */
export function resigned<K extends StatementKind>(
  kind: K,
  envelope: Envelope | undefined,
  change: Partial<Bodies[K]>,
  by?: number,
): Envelope {
  const statement = envelope && peekStatement(kind, envelope);
  if (statement?.kind !== 'statement') throw new Error('no statement');
  const { header, body } = statement;
  const signer = { keyid: 'hospital/x', seed: keySeed(by ?? header.sender, 'identity') };
  return signStatement(suite, signer, kind, header, { ...body, ...change });
}

export function known(state: ParticipantState, change: object): ParticipantState {
  return { ...state, ...change };
}

export function inSession(kind: Kind, change: object): ParticipantState {
  const { state } = at(kind);
  return known(state, { session: { ...state.session, ...change } });
}
