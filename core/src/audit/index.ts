/** The audit log: leaves, tree, notes, checkpoints, proofs, evidence bundles and their verification. Only what programs need stands here. */
export type { Evidence } from './evidence.js';
export { emptyRoot, leafHash, nodeHash, verifyConsistency, verifyInclusion } from './merkle.js';
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
} from './leaf.js';
export { EVENTS, isSiteLog } from './event-schema.js';
export {
  checkReplay,
  prepareTransition,
  type JournalRow,
  type PreparedTransition,
  type StampBasics,
  type Transition,
} from './transition.js';
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
} from './tree.js';
export { formatVkey, parseVkey, verifierKey, type KeyType, type VerifierKey } from './vkey.js';
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
} from './note.js';
export {
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  type Checkpoint,
  type OpenedCheckpoint,
} from './checkpoint.js';
export { cosign, cosignatureTime, verifyCosignatures, type Cosignature } from './cosignature.js';
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
} from './tiles.js';
export { formatProofFile, parseProofFile, type ProofFile } from './proof-file.js';
export { isQuorum, parseTrustPolicy, type PolicyGroup, type TrustPolicy } from './policy.js';
export {
  checkEvidence,
  checkHead,
  checkInclusion,
  type CheckedEvidence,
  type CheckedHead,
  type Head,
  type HeadRefusal,
  type PinnedLog,
} from './heads.js';
export {
  KEY_STATEMENT_TYPE,
  openKeyStatement,
  readKeyStatement,
  signKeyStatement,
  type KeyStatement,
  type OpenedKeyStatement,
} from './key-statement.js';
export { KEY_ROLES, type KeyRole } from './events/site.js';
export {
  BUNDLE_INDEX,
  bundleFile,
  bundleIndex,
  isBundlePath,
  isSafePath,
  parseBundleIndex,
  type BundleFile,
  type BundleIndex,
} from './bundle.js';
export {
  BUNDLE_README,
  logFiles,
  soloPolicy,
  tileFile,
  type LogSource,
  type NamedBytes,
} from './bundle-files.js';
export { readTarHeader, TAR_BLOCK, TAR_END, tarHeader, tarPadding } from './tar.js';
export { verifyBundle, type AuditReport, type Brought } from './verify/verify.js';
export { MAX_READ_BYTES, type BundleEntry, type BundleReader } from './verify/files.js';
export type { AuditFinding, AuditLevel, StepResult } from './verify/finding.js';
export type { GivenHead } from './verify/history.js';
export { parseRfc3339, rfc3339 } from './time.js';
