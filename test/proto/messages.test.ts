/** Every message of core/src/round/messages.ts, through the bytes of the wire and back; and what is refused on the way in. */
import { describe, expect, it } from 'vitest';
import type {
  Code,
  Envelope,
  Evidence,
  FromAgent,
  PlexusError,
  ShareEntry,
  ToAgent,
} from '@plexus/core';
import {
  AgentServiceService,
  readFromAgent,
  readToAgent,
  writeFromAgent,
  writeToAgent,
  type ControlRequest,
  type ControlResponse,
} from '@plexus/proto';
import { refusal } from '../refusal.ts';

const digest = (byte: string): string => byte.repeat(32);
const bytes = (...values: number[]): string => Buffer.from(values).toString('base64');
const hash = Buffer.alloc(32, 7).toString('base64');

const envelope: Envelope = {
  payload: bytes(1, 2, 255),
  payloadType: 'application/vnd.plexus.approval.v1+json',
  signatures: [
    { keyid: 'north', sig: bytes(9, 9) },
    { keyid: '', sig: bytes(0) },
  ],
};
const evidence: Evidence = {
  checkpoint: 'onco.example.org/log\n7\nroot\n\n— sig\n',
  from: 3,
  consistency: [hash],
  leaf: { seq: 5, bytes: bytes(123, 125) },
  inclusion: [hash, hash],
};
const entry: ShareEntry = {
  receiver: 2,
  box: digest('ab'),
  self: digest('cd'),
  pair: digest('ef'),
};
const study = 'heart';
const session = digest('5e');

/** At least one of each kind: a kind that is added to the union and not here does not compile. */
const TO_AGENT: { readonly [K in ToAgent['kind']]: readonly Extract<ToAgent, { kind: K }>[] } = {
  'study-offer': [{ kind: 'study-offer', study, manifest: bytes(123, 125) }],
  'study-ended': [
    { kind: 'study-ended', study, outcome: 'completed' },
    { kind: 'study-ended', study, outcome: 'failed', code: 'SURVIVORS_TOO_FEW' },
    { kind: 'study-ended', study, outcome: 'cancelled' },
  ],
  'round-offer': [true, false].map((proven) => ({
    ...({ kind: 'round-offer', study, round: 4, attempt: 2, task: 0, roundInTask: 3 } as const),
    ...{ model: digest('0f'), deadlineMs: 1_800_000_000_123 },
    ...(proven ? { evidence } : {}),
  })),
  open: [true, false].map((again) => ({
    ...({ kind: 'open', study, round: 1, session, cohort: [0, 2, 5] } as const),
    ...{ manifestHash: digest('01'), modelHash: digest('02'), layoutHash: digest('03') },
    ...(again ? { closes: digest('04'), evidence } : {}),
  })),
  keys: [{ kind: 'keys', study, session, advertisements: [envelope, envelope] }],
  shares: [
    {
      ...({ kind: 'shares', study, session, shares: [envelope] } as const),
      dealings: [
        { dealer: 1, entries: [entry, { ...entry, receiver: 3 }], box: bytes(4, 5, 6) },
        { dealer: 2, entries: [], box: '' },
      ],
    },
  ],
  agree: [
    { kind: 'agree', study, session, survivors: [0, 5], masked: [envelope], evidence },
    { kind: 'agree', study, session, survivors: [], masked: [] },
  ],
  unmask: [{ kind: 'unmask', study, session, agreements: [envelope] }],
  'session-ended': [
    { kind: 'session-ended', study, session, outcome: 'aggregated' },
    { kind: 'session-ended', study, session, outcome: 'aborted', code: 'COHORT_TOO_SMALL' },
  ],
};

const FROM_AGENT: {
  readonly [K in FromAgent['kind']]: readonly Extract<FromAgent, { kind: K }>[];
} = {
  decision: [{ kind: 'decision', study, envelope }],
  ready: [{ kind: 'ready', study, round: 1, attempt: 1, engine: 'wasm/4.22.0' }],
  unable: [{ kind: 'unable', study, round: 1, attempt: 3, code: 'DATA_TOO_FEW_PATIENTS' }],
  advertise: [{ kind: 'advertise', study, session, envelope }],
  share: [
    {
      ...({ kind: 'share', study, session, envelope, entries: [entry] } as const),
      boxes: [{ receiver: 2, box: bytes(1, 2, 3) }],
    },
  ],
  masked: [{ kind: 'masked', study, session, envelope, contribution: envelope }],
  agreement: [{ kind: 'agreement', study, session, envelope }],
  release: [{ kind: 'release', study, session, envelope }],
  complaint: [{ kind: 'complaint', study, session, envelope }],
  abandon: [{ kind: 'abandon', study, session, envelope }],
};

const control = AgentServiceService.control;

/** Through the bytes that really travel, inside the frame that carries them. */
function toAgentOverTheWire(message: ToAgent): ToAgent {
  const sent: ControlResponse = {
    frame: { $case: 'message', value: { id: 7n, body: writeToAgent(message) } },
  };
  const { frame } = control.responseDeserialize(control.responseSerialize(sent));
  return readToAgent(frame?.$case === 'message' ? frame.value.body : undefined);
}

function fromAgentOverTheWire(message: FromAgent): FromAgent {
  const sent: ControlRequest = {
    frame: { $case: 'message', value: { id: 7n, body: writeFromAgent(message) } },
  };
  const { frame } = control.requestDeserialize(control.requestSerialize(sent));
  return readFromAgent(frame?.$case === 'message' ? frame.value.body : undefined);
}

describe('a message goes over the wire and comes back as it was', () => {
  it.each(Object.entries(TO_AGENT))('%s, to the agent', (kind, samples) => {
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      expect(sample.kind).toBe(kind);
      expect(toAgentOverTheWire(sample)).toEqual(sample);
      expect(Object.keys(toAgentOverTheWire(sample)).sort()).toEqual(Object.keys(sample).sort());
    }
  });

  it.each(Object.entries(FROM_AGENT))('%s, from the agent', (kind, samples) => {
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      expect(sample.kind).toBe(kind);
      expect(fromAgentOverTheWire(sample)).toEqual(sample);
    }
  });
});

/** A copy with every field of that name changed, however deep it lies; the generated types are left behind on purpose. */
function spoil(value: unknown, field: string, bad: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => spoil(one, field, bad));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === field ? bad : spoil(one, field, bad),
    ]),
  );
}

type Read = (wire: unknown) => unknown;
const refusedWith = (read: Read, wire: unknown): Code | undefined => refusal(() => read(wire));
const readTo: Read = (wire) => readToAgent(wire as Parameters<typeof readToAgent>[0]);
const readFrom: Read = (wire) => readFromAgent(wire as Parameters<typeof readFromAgent>[0]);

describe('what no writer of ours writes is MESSAGE_MALFORMED', () => {
  const short = new Uint8Array(31);
  const to = (kind: ToAgent['kind']): unknown => writeToAgent(TO_AGENT[kind].at(-1)!);
  const first = (kind: ToAgent['kind']): unknown => writeToAgent(TO_AGENT[kind][0]!);
  const from = (kind: FromAgent['kind']): unknown => writeFromAgent(FROM_AGENT[kind][0]!);

  it('an empty message, or one of a kind that this version does not know', () => {
    for (const read of [readTo, readFrom])
      for (const wire of [undefined, { message: undefined }])
        expect(refusedWith(read, wire)).toBe('MESSAGE_MALFORMED');
  });

  it.each([
    ['a model', first('round-offer'), 'model', short],
    ['a deadline beyond 2^53', first('round-offer'), 'deadlineMs', 2n ** 53n],
    ['an evidence without its leaf', first('round-offer'), 'leaf', undefined],
    ['a hash of a consistency proof', first('round-offer'), 'consistency', [short]],
    ['a hash of an inclusion proof', first('round-offer'), 'inclusion', [short]],
    ['a leaf number beyond 2^53', first('round-offer'), 'seq', 2n ** 63n],
    ['a session', first('open'), 'session', short],
    ['a manifest hash', first('open'), 'manifestHash', new Uint8Array()],
    ['a model hash', first('open'), 'modelHash', new Uint8Array(33)],
    ['a layout hash', first('open'), 'layoutHash', short],
    ['the session that is closed', first('open'), 'closes', short],
    ['a commitment in a dealing', first('shares'), 'self', short],
    ['a box digest in a dealing', first('shares'), 'box', short],
    ['an outcome of a study', to('study-ended'), 'outcome', 0],
    ['an outcome of a later version', to('study-ended'), 'outcome', 99],
    ['an outcome of a session', to('session-ended'), 'outcome', 0],
    ['a code that is in no catalogue', to('session-ended'), 'code', 'DROP TABLE'],
    ['a code that every object has', to('session-ended'), 'code', 'constructor'],
  ])('to the agent: %s', (_what, wire, field, bad) => {
    expect(readTo(wire)).toBeDefined();
    expect(refusedWith(readTo, spoil(wire, field, bad))).toBe('MESSAGE_MALFORMED');
  });

  it.each([
    ['a decision without its statement', from('decision'), 'envelope', undefined],
    ['a session', from('advertise'), 'session', short],
    ['a statement that is left out', from('release'), 'envelope', undefined],
    ['a contribution that is left out', from('masked'), 'contribution', undefined],
    ['a commitment', from('share'), 'pair', short],
    ['a code', from('unable'), 'code', ''],
  ])('from the agent: %s', (_what, wire, field, bad) => {
    expect(readFrom(wire)).toBeDefined();
    expect(refusedWith(readFrom, spoil(wire, field, bad))).toBe('MESSAGE_MALFORMED');
  });

  it('says where, and nothing of what came', () => {
    const wire = spoil(from('unable'), 'code', 'patient 4711');
    try {
      readFrom(wire);
      expect.unreachable();
    } catch (thrown) {
      expect((thrown as PlexusError).message).toBe('unable.code: not in the form of plexus.v1');
    }
  });
});
