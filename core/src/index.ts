/** The one public surface of core. */
export {
  asPlexusError,
  CATALOGUE,
  entryOf,
  PlexusError,
  type CatalogueEntry,
  type Code,
  type Fault,
  type Status,
} from './base/error.js';
export type { Problem } from './base/fields.js';
export {
  base64,
  base64url,
  compareBytes,
  concat,
  equalBytes,
  fromBase64,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  utf8,
  type Bytes,
} from './base/bytes.js';
export {
  canonicalBytes,
  canonicalJson,
  parseCanonical,
  type Json,
  type JsonObject,
} from './base/canonical-json.js';
export { EncReader, EncWriter } from './base/enc.js';
export {
  preAuthEncoding,
  signEnvelope,
  verifyEnvelope,
  type Envelope,
  type Signer,
} from './base/dsse.js';
export {
  digest,
  hospitalId,
  rosterIndex,
  sessionId,
  studyId,
  type Digest,
  type HospitalId,
  type RosterIndex,
  type SessionId,
  type StudyId,
} from './base/ids.js';
export { reject, type Effect, type LeafDraft, type Stepped } from './base/machine.js';
export type { Mask, Suite } from './base/suite.js';
export { canonicalDecimal, isCanonicalDecimal } from './base/decimal.js';
export {
  checkColumns,
  checkPatients,
  UNKNOWN_CATEGORY,
  type CheckedColumns,
  type ColumnSummary,
  type Finding,
} from './data-schema/check.js';
export {
  disclosureRule,
  shownCount,
  shownTable,
  stricterProfile,
  type DisclosureRule,
  type ShownTable,
} from './data-schema/disclosure.js';
export {
  columnValues,
  encodeRows,
  featureColumns,
  fromUnit,
  publicScaling,
  scaleOf,
  scalingFromMoments,
  toUnit,
  unitInterval,
  type Dataset,
  type FeatureColumn,
  type Scaling,
  type UnitInterval,
} from './data-schema/encode.js';
export { parseDataSchema, type ParsedSchema, type SchemaProblem } from './data-schema/parse.js';
export type {
  BinaryFeature,
  CategoryFeature,
  DataClass,
  DataSchema,
  Feature,
  Level,
  Missing,
  NumberFeature,
  Scale,
  SuppressionProfile,
  Target,
} from './data-schema/schema.js';
export { labelsOf, labelWidth, schemaFields, targetFields } from './data-schema/target.js';
export type { Bodies, PreviousSession, ReleasedShare, StatementKind } from './secagg/bodies.js';
export { fineSections, joinFine, splitFine } from './secagg/fine-sums.js';
export { neighbourGraph, type NeighbourGraph } from './secagg/graph.js';
export { headerMismatch, type Header } from './secagg/header.js';
export { refuseKeys, sessionKeys, type AdvertisedKeys, type SessionKeys } from './secagg/keys.js';
export {
  CHECK_COUNT,
  CHECK_TAG,
  layoutBytes,
  layoutHash,
  layoutWords,
  makeLayout,
  type Encoding,
  type Layout,
  type Section,
  type SectionValues,
} from './secagg/layout.js';
export { masksOf, maskVector } from './secagg/masking.js';
export { intersect, isMemberList, requireMemberList, without } from './secagg/members.js';
export {
  addPacked,
  addPackedPiece,
  cutToField,
  packVector,
  requirePacked,
} from './secagg/packing.js';
export { decodeSum, encodeVector } from './secagg/quantise.js';
export { releaseFor, type ReleaseLine } from './secagg/release.js';
export { graphReport, graphReports, graphSentence, type GraphReport } from './secagg/report.js';
export {
  checkRules,
  largestCount,
  positiveDecimal,
  quantiserBits,
  quorum,
  survivorMinimum,
  type SecaggRules,
} from './secagg/rules.js';
export { rebuildSecret, splitSecret, type Share } from './secagg/shamir.js';
export {
  dealShares,
  listIsAsSigned,
  openDealing,
  selfSeedCommitment,
  shareCommitment,
  type Dealt,
  type DealtEntry,
  type OpenedDealing,
  type SharePair,
} from './secagg/sharing.js';
export {
  openStatement,
  payloadType,
  peekStatement,
  signStatement,
  type RefusedStatement,
  type Statement,
} from './secagg/statements.js';
export { cohortHash, transcript1, transcript2, transcript3 } from './secagg/transcript.js';
export {
  checkRelease,
  masksToRemove,
  rebuildPairSecret,
  rebuildSelfSeed,
  sumAndUnmask,
  type Rebuilt,
} from './secagg/unmasking.js';
export {
  APPROVAL_TYPE,
  signApproval,
  signWithdrawal,
  taskKinds,
  verifyApproval,
  verifyWithdrawal,
  WITHDRAWAL_TYPE,
  type Approval,
  type Meaning,
  type StatementSeeds,
  type Verdict,
  type Withdrawal,
} from './study/approval.js';
export type { Compiled, Federation } from './study/compile.js';
export type { Manifest, RosterMember } from './study/manifest.js';
export { manifestBytes, manifestDigest, parseManifest } from './study/parse.js';
export { parsePolicy, policyAllows, type ParsedPolicy, type Policy } from './study/policy.js';
export type { StudyProblem } from './study/problem.js';
export type {
  Activation,
  Initializer,
  LayerOf,
  LayerSpec,
  LayerType,
  Loss,
  ModelSpec,
  OptimizerSpec,
  Pair,
  RecurrentLayer,
  Shape,
} from './model/spec.js';
export { kerasLayer, kerasWeightName, type KerasLayer } from './model/keras.js';
export { INPUT, layerInputs, layerName, oneInput, type ModelInput } from './model/nodes.js';
export { LAYER_TYPES } from './model/options.js';
export { modelParameters, type Parameter } from './model/parameters.js';
export { parseModel, type ParsedModel } from './model/parse.js';
export { mixingProblems } from './model/refused.js';
export { modelShapes, shapedLayers, sizeOfShape, type ShapedLayer } from './model/shapes.js';
export type { TaskSpec, TrainTask } from './task/spec.js';
export type { Advanced, LocalContext, LocalRows, Sums, TaskContext } from './task/context.js';
export type { Batch, GradientSink, PatientBatch, TrainingEngine } from './task/engine-port.js';
export { initialWeights } from './task/initial-weights.js';
export { layersModelFiles, type LayersModelFiles } from './task/layers-model.js';
export { parseTasks, type ParsedTasks } from './task/parse.js';
export {
  checkStudy,
  compileManifest,
  type CheckedStudy,
  type StudySections,
} from './task/study-check.js';
export { parseRules, type ParsedRules } from './task/study-rules.js';
export { scalingOf } from './task/scaling.js';
export { roundingSeed, type UpdateId } from './task/seeds.js';
export {
  advance,
  contribute,
  initialState,
  layoutOf,
  roundsOf,
  type StudyStart,
} from './task/task.js';
export {
  decodeTensors,
  encodeTensors,
  findTensor,
  type Float32Tensor,
  type Float64Tensor,
  type TaskState,
  type Tensor,
} from './task/tensors.js';
export { inputShape, modelInputs, weightsOf } from './task/weights.js';
export type { Evidence, IncludedLeaf } from './audit/evidence.js';
export {
  emptyRoot,
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from './audit/merkle.js';
export {
  leafBytes,
  MAX_LEAF_BYTES,
  parseLeaf,
  readLeaf,
  type Leaf,
  type LeafLink,
  type LeafProblem,
  type LeafSource,
  type LeafStamp,
  type LeafTransition,
} from './audit/leaf.js';
export { EVENTS, isSiteLog } from './audit/event-schema.js';
export {
  checkReplay,
  prepareTransition,
  type JournalRow,
  type PreparedTransition,
  type StampBasics,
  type Transition,
} from './audit/transition.js';
export {
  appendLeafHash,
  consistencyPath,
  EMPTY_TREE,
  inclusionPath,
  rootOf,
  treeAt,
  type NodeReader,
  type TreeNode,
  type TreeState,
} from './audit/tree.js';
export {
  formatVkey,
  parseVkey,
  verifierKey,
  type KeyType,
  type VerifierKey,
} from './audit/vkey.js';
export {
  formatNote,
  formatSignatureLine,
  openNote,
  parseNote,
  parseSignatureLine,
  signNote,
  type Note,
  type NoteSignature,
  type OpenedNote,
} from './audit/note.js';
export {
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  type Checkpoint,
  type OpenedCheckpoint,
} from './audit/checkpoint.js';
export {
  cosign,
  cosignatureTime,
  verifyCosignatures,
  type Cosignature,
} from './audit/cosignature.js';
export {
  bundlesOf,
  encodeBundle,
  parseBundle,
  parseTile,
  parseTilePath,
  TILE_WIDTH,
  tileBytes,
  tilePath,
  tilesOf,
  tilesSince,
  type Tile,
} from './audit/tiles.js';
export { formatProofFile, parseProofFile, type ProofFile } from './audit/proof-file.js';
export { isQuorum, parseTrustPolicy, type PolicyGroup, type TrustPolicy } from './audit/policy.js';
export {
  checkEvidence,
  checkHead,
  checkInclusion,
  holdsEvidence,
  type CheckedEvidence,
  type CheckedHead,
  type Head,
  type HeadRefusal,
  type PinnedLog,
} from './audit/heads.js';
export {
  KEY_STATEMENT_TYPE,
  openKeyStatement,
  readKeyStatement,
  signKeyStatement,
  type KeyStatement,
  type OpenedKeyStatement,
} from './audit/key-statement.js';
export { KEY_ROLES, type KeyRole } from './audit/events/site.js';
export {
  BUNDLE_INDEX,
  bundleFile,
  bundleIndex,
  isBundlePath,
  isSafePath,
  parseBundleIndex,
  type BundleFile,
  type BundleIndex,
} from './audit/bundle.js';
export {
  BUNDLE_README,
  logFiles,
  soloPolicy,
  tileFile,
  type LogSource,
  type NamedBytes,
} from './audit/bundle-files.js';
export { readTarHeader, TAR_BLOCK, TAR_END, tarHeader, tarPadding } from './audit/tar.js';
export { verifyBundle, type AuditReport, type Brought } from './audit/verify/verify.js';
export { MAX_READ_BYTES, type BundleEntry, type BundleReader } from './audit/verify/files.js';
export type { AuditFinding, AuditLevel, StepResult } from './audit/verify/finding.js';
export type { GivenHead } from './audit/verify/history.js';
export { parseRfc3339, rfc3339 } from './audit/time.js';
export type { Dealing, FromAgent, ShareEntry, ToAgent } from './round/messages.js';
export {
  expandOutgoing,
  releaseSecret,
  sessionPrefix,
  updateBytes,
  updatePrefix,
  updateSecret,
} from './round/participant/secrets.js';
export type {
  Myself,
  ParticipantInput,
  ParticipantOutgoing,
  ParticipantState,
  TrainWork,
} from './round/participant/state.js';
export {
  participantMachine,
  type ParticipantMachine,
  type Plan,
} from './round/participant/study.js';
export { expand, type Outgoing } from './round/coordinator/outgoing.js';
export { keptLists, releaseIsAsDealt } from './round/coordinator/release.js';
export type { SessionState, SessionWork } from './round/coordinator/session-state.js';
export {
  nextTickMs,
  settingsOf,
  studyMachine,
  type StudyMachine,
} from './round/coordinator/study.js';
export type {
  Aggregation,
  RoundState,
  StudyInput,
  StudySettings,
  StudyState,
} from './round/coordinator/study-state.js';
export { openMasks, type OpenedMasks } from './round/coordinator/open-masks.js';
export {
  finishSum,
  prepareSum,
  sumRound,
  type PreparedSum,
  type RoundInputs,
  type RoundSum,
} from './round/coordinator/sum.js';
export {
  plannedRounds,
  roundSetting,
  studyContext,
  type Position,
  type RoundSetting,
  type StudyContext,
} from './round/study-context.js';
