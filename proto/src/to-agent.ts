/**
 * Messages from the coordinator to an agent, between JSON values and the wire. Field by field; no meaning is checked here.
 */
import { base64, fromBase64, fromHex, type ToAgent } from '@plexus/core';
import {
  SessionOutcome,
  StudyOutcome,
  type ToAgent as WireToAgent,
} from '../gen/plexus/v1/message.js';
import {
  malformed,
  readCode,
  readDigest,
  readEnvelope,
  readEvidence,
  readNumber,
  readShareEntry,
  writeEnvelope,
  writeEvidence,
  writeNumber,
  writeShareEntry,
} from './fields.js';

const STUDY_OUTCOMES = {
  completed: StudyOutcome.STUDY_OUTCOME_COMPLETED,
  failed: StudyOutcome.STUDY_OUTCOME_FAILED,
  cancelled: StudyOutcome.STUDY_OUTCOME_CANCELLED,
} as const;
const SESSION_OUTCOMES = {
  aggregated: SessionOutcome.SESSION_OUTCOME_AGGREGATED,
  aborted: SessionOutcome.SESSION_OUTCOME_ABORTED,
} as const;

export function writeToAgent(message: ToAgent): WireToAgent {
  return { message: write(message) };
}

function write(message: ToAgent): NonNullable<WireToAgent['message']> {
  switch (message.kind) {
    case 'study-offer':
      return {
        $case: 'studyOffer',
        value: { study: message.study, manifest: fromBase64(message.manifest) },
      };
    case 'study-ended': {
      const { study, code } = message;
      return {
        $case: 'studyEnded',
        value: { study, outcome: STUDY_OUTCOMES[message.outcome], code },
      };
    }
    case 'round-offer': {
      const { study, round, attempt, task, roundInTask } = message;
      const rest = { model: fromHex(message.model), deadlineMs: writeNumber(message.deadlineMs) };
      const evidence = writeEvidence(message.evidence);
      return {
        $case: 'roundOffer',
        value: { study, round, attempt, task, roundInTask, ...rest, evidence },
      };
    }
    case 'open':
      return {
        $case: 'open',
        value: {
          study: message.study,
          round: message.round,
          session: fromHex(message.session),
          manifestHash: fromHex(message.manifestHash),
          modelHash: fromHex(message.modelHash),
          layoutHash: fromHex(message.layoutHash),
          cohort: [...message.cohort],
          closes: message.closes === undefined ? undefined : fromHex(message.closes),
          evidence: writeEvidence(message.evidence),
        },
      };
    case 'keys': {
      const advertisements = message.advertisements.map(writeEnvelope);
      return { $case: 'keys', value: { ...writeSession(message), advertisements } };
    }
    case 'shares': {
      const dealings = message.dealings.map(({ dealer, entries, box }) => ({
        dealer,
        entries: entries.map(writeShareEntry),
        box: fromBase64(box),
      }));
      const shares = message.shares.map(writeEnvelope);
      return { $case: 'shares', value: { ...writeSession(message), shares, dealings } };
    }
    case 'agree':
      return {
        $case: 'agree',
        value: {
          ...writeSession(message),
          survivors: [...message.survivors],
          masked: message.masked.map(writeEnvelope),
          evidence: writeEvidence(message.evidence),
        },
      };
    case 'unmask': {
      const agreements = message.agreements.map(writeEnvelope);
      const evidence = writeEvidence(message.evidence);
      return { $case: 'unmask', value: { ...writeSession(message), agreements, evidence } };
    }
    case 'session-ended':
      return {
        $case: 'sessionEnded',
        value: {
          ...writeSession(message),
          outcome: SESSION_OUTCOMES[message.outcome],
          code: message.code,
        },
      };
  }
}

/** Errors: peer/MESSAGE_MALFORMED. The coordinator may lie in every field; what it says is checked by the agent's machine. */
export function readToAgent(wire: WireToAgent | undefined): ToAgent {
  const message = wire?.message;
  switch (message?.$case) {
    case undefined:
      throw malformed('message');
    case 'studyOffer':
      return {
        kind: 'study-offer',
        study: message.value.study,
        manifest: base64(message.value.manifest),
      };
    case 'studyEnded': {
      const { study, outcome, code } = message.value;
      return {
        kind: 'study-ended',
        study,
        outcome: readStudyOutcome(outcome),
        ...optionalCode(code),
      };
    }
    case 'roundOffer': {
      const { study, round, attempt, task, roundInTask, model, deadlineMs, evidence } =
        message.value;
      return {
        kind: 'round-offer',
        ...{ study, round, attempt, task, roundInTask },
        model: readDigest(model, 'model'),
        deadlineMs: readNumber(deadlineMs, 'deadline_ms'),
        ...readEvidence(evidence),
      };
    }
    case 'open': {
      const { study, round, session, cohort, closes, evidence } = message.value;
      return {
        kind: 'open',
        study,
        round,
        session: readDigest(session, 'session'),
        manifestHash: readDigest(message.value.manifestHash, 'manifest_hash'),
        modelHash: readDigest(message.value.modelHash, 'model_hash'),
        layoutHash: readDigest(message.value.layoutHash, 'layout_hash'),
        cohort,
        ...(closes === undefined ? {} : { closes: readDigest(closes, 'closes') }),
        ...readEvidence(evidence),
      };
    }
    case 'keys':
      return {
        kind: 'keys',
        ...readSession(message.value),
        advertisements: message.value.advertisements.map((one) => readEnvelope(one, 'M0')),
      };
    case 'shares':
      return {
        kind: 'shares',
        ...readSession(message.value),
        shares: message.value.shares.map((one) => readEnvelope(one, 'M1')),
        dealings: message.value.dealings.map(({ dealer, entries, box }) => ({
          dealer,
          entries: entries.map(readShareEntry),
          box: base64(box),
        })),
      };
    case 'agree':
      return {
        kind: 'agree',
        ...readSession(message.value),
        survivors: message.value.survivors,
        masked: message.value.masked.map((one) => readEnvelope(one, 'M2')),
        ...readEvidence(message.value.evidence),
      };
    case 'unmask':
      return {
        kind: 'unmask',
        ...readSession(message.value),
        agreements: message.value.agreements.map((one) => readEnvelope(one, 'M3')),
        ...readEvidence(message.value.evidence),
      };
    case 'sessionEnded': {
      const { outcome, code } = message.value;
      const ended = readSessionOutcome(outcome);
      return {
        kind: 'session-ended',
        ...readSession(message.value),
        outcome: ended,
        ...optionalCode(code),
      };
    }
  }
}

type SessionOf = { readonly study: string; readonly session: string };

function writeSession({ study, session }: SessionOf): { study: string; session: Uint8Array } {
  return { study, session: fromHex(session) };
}

function readSession(value: { readonly study: string; readonly session: Uint8Array }): SessionOf {
  return { study: value.study, session: readDigest(value.session, 'session') };
}

function optionalCode(code: string | undefined): { code?: ReturnType<typeof readCode> } {
  return code === undefined ? {} : { code: readCode(code, 'code') };
}

function readStudyOutcome(outcome: StudyOutcome): 'completed' | 'failed' | 'cancelled' {
  if (outcome === StudyOutcome.STUDY_OUTCOME_COMPLETED) return 'completed';
  if (outcome === StudyOutcome.STUDY_OUTCOME_FAILED) return 'failed';
  if (outcome === StudyOutcome.STUDY_OUTCOME_CANCELLED) return 'cancelled';
  throw malformed('outcome');
}

function readSessionOutcome(outcome: SessionOutcome): 'aggregated' | 'aborted' {
  if (outcome === SessionOutcome.SESSION_OUTCOME_AGGREGATED) return 'aggregated';
  if (outcome === SessionOutcome.SESSION_OUTCOME_ABORTED) return 'aborted';
  throw malformed('outcome');
}
