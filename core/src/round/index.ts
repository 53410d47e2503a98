/** Rounds: the two mirrored machines of a study, their messages, and what follows from a manifest. Only what programs need stands here. */
export type { Dealing, FromAgent, ShareEntry, ToAgent } from './messages.js';
export {
  expandOutgoing,
  releaseSecret,
  sessionPrefix,
  updateBytes,
  updatePrefix,
  updateSecret,
} from './participant/secrets.js';
export type {
  Myself,
  ParticipantInput,
  ParticipantOutgoing,
  ParticipantState,
  TrainWork,
} from './participant/state.js';
export { participantMachine, type ParticipantMachine, type Plan } from './participant/study.js';
export { expand, type Outgoing } from './coordinator/outgoing.js';
export type { SessionState, SessionWork } from './coordinator/session-state.js';
export { nextTickMs, settingsOf, studyMachine, type StudyMachine } from './coordinator/study.js';
export type {
  Aggregation,
  RoundState,
  StudyInput,
  StudySettings,
  StudyState,
} from './coordinator/study-state.js';
export { sumRound, type RoundInputs, type RoundSum } from './coordinator/sum.js';
export {
  plannedRounds,
  roundSetting,
  studyContext,
  type Position,
  type RoundSetting,
  type StudyContext,
} from './study-context.js';
