/**
 * Messages from an agent to the coordinator, between JSON values and the wire. Field by field; no meaning is checked here.
 */
import { base64, fromBase64, fromHex, type FromAgent } from '@plexus/core';
import type {
  FromAgent as WireFromAgent,
  SessionStatement as WireStatement,
} from '../gen/plexus/v1/message.js';
import {
  malformed,
  readCode,
  readDigest,
  readEnvelope,
  readShareEntry,
  writeEnvelope,
  writeShareEntry,
} from './fields.js';

export function writeFromAgent(message: FromAgent): WireFromAgent {
  return { message: write(message) };
}

function write(message: FromAgent): NonNullable<WireFromAgent['message']> {
  switch (message.kind) {
    case 'decision':
      return {
        $case: 'decision',
        value: { study: message.study, envelope: writeEnvelope(message.envelope) },
      };
    case 'ready': {
      const { study, round, attempt, engine } = message;
      return { $case: 'ready', value: { study, round, attempt, engine } };
    }
    case 'unable': {
      const { study, round, attempt, code } = message;
      return { $case: 'unable', value: { study, round, attempt, code } };
    }
    case 'share':
      return {
        $case: 'share',
        value: {
          ...writeStatement(message),
          entries: message.entries.map(writeShareEntry),
          boxes: message.boxes.map(({ receiver, box }) => ({ receiver, box: fromBase64(box) })),
        },
      };
    case 'masked': {
      const contribution = writeEnvelope(message.contribution);
      return { $case: 'masked', value: { ...writeStatement(message), contribution } };
    }
    case 'advertise':
    case 'agreement':
    case 'release':
    case 'complaint':
    case 'abandon':
      return { $case: message.kind, value: writeStatement(message) };
  }
}

/** Errors: peer/MESSAGE_MALFORMED. Every field is peer-controlled; signatures are checked by the coordinator's machine. */
export function readFromAgent(wire: WireFromAgent | undefined): FromAgent {
  const message = wire?.message;
  switch (message?.$case) {
    case undefined:
      throw malformed('message');
    case 'decision':
      return {
        kind: 'decision',
        study: message.value.study,
        envelope: readEnvelope(message.value.envelope, 'decision'),
      };
    case 'ready': {
      const { study, round, attempt, engine } = message.value;
      return { kind: 'ready', study, round, attempt, engine };
    }
    case 'unable': {
      const { study, round, attempt, code } = message.value;
      return { kind: 'unable', study, round, attempt, code: readCode(code, 'unable.code') };
    }
    case 'share':
      return {
        kind: 'share',
        ...readStatement(message.value),
        entries: message.value.entries.map(readShareEntry),
        boxes: message.value.boxes.map(({ receiver, box }) => ({ receiver, box: base64(box) })),
      };
    case 'masked': {
      const contribution = readEnvelope(message.value.contribution, 'contribution');
      return { kind: 'masked', ...readStatement(message.value), contribution };
    }
    case 'advertise':
    case 'agreement':
    case 'release':
    case 'complaint':
    case 'abandon':
      return { kind: message.$case, ...readStatement(message.value) };
  }
}

type Statement = Pick<Extract<FromAgent, { kind: 'advertise' }>, 'study' | 'session' | 'envelope'>;

function writeStatement({ study, session, envelope }: Statement): WireStatement {
  return { study, session: fromHex(session), envelope: writeEnvelope(envelope) };
}

function readStatement(value: WireStatement): Statement {
  return {
    study: value.study,
    session: readDigest(value.session, 'session'),
    envelope: readEnvelope(value.envelope, 'envelope'),
  };
}
