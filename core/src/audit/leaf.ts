/**
 * One leaf of the log as canonical JSON: written from a draft and a stamp, read back strictly.
 *
 * Source: audit-log.md section 4 and L2. Leaves to others: where the leaf stands in a tree (tree.ts), whether its signatures
 * verify and its order is legal (verify/).
 */
import type { Bytes } from '../base/bytes.js';
import {
  canonicalBytes,
  parseCanonical,
  type Json,
  type JsonObject,
} from '../base/canonical-json.js';
import type { Envelope } from '../base/dsse.js';
import { asPlexusError, PlexusError } from '../base/error.js';
import type { LeafDraft } from '../base/machine.js';
import { checkLeaf } from './event-schema.js';
import type { ShapeProblem } from './shape.js';

/** Hard limit: an entry bundle gives each entry a 16-bit length. */
export const MAX_LEAF_BYTES = 65_535;

/** The program that writes leaves. A type alias, so that it is assignable to JsonObject. */
export type LeafSource = {
  readonly system: string;
  readonly version: string;
  readonly build_sha256: string;
  readonly node: string;
};

export type LeafTransition = {
  readonly machine: string;
  readonly n: number;
  /** SHA-256, hex, of the canonical input and of the new state. */
  readonly input: string;
  readonly state: string;
};

/** What the driver adds to a draft (L2). */
export interface LeafStamp {
  readonly seq: number;
  /** Origin of the log. */
  readonly log: string;
  /** RFC 3339 UTC with milliseconds; see time.ts. */
  readonly time: string;
  /** base64url of 16 random bytes. */
  readonly salt: string;
  readonly source: LeafSource;
  readonly transition: LeafTransition;
}

export interface LeafLink {
  readonly rel: string;
  readonly seq: number;
  readonly leaf: string;
}

export interface Leaf extends Omit<LeafDraft, 'code' | 'signed' | 'links' | 'entities'>, LeafStamp {
  readonly v: 1;
  readonly code?: string;
  readonly entities: readonly JsonObject[];
  readonly signed: readonly Envelope[];
  readonly links: readonly LeafLink[];
}

/**
 * The bytes that are hashed and kept.
 *
 * Errors: bug/LEAF_DRAFT_INVALID, naming the field, when a draft does not fit the schema or is too long.
 */
export function leafBytes(draft: LeafDraft, stamp: LeafStamp): Bytes {
  const leaf: JsonObject = {
    ...draft,
    entities: draft.entities ?? [],
    signed: draft.signed ?? [],
    links: draft.links ?? [],
    v: 1,
    seq: stamp.seq,
    log: stamp.log,
    time: stamp.time,
    salt: stamp.salt,
    source: stamp.source,
    transition: stamp.transition,
  };
  const problem = checkLeaf(dropUndefined(leaf));
  if (problem !== undefined)
    throw new PlexusError('LEAF_DRAFT_INVALID', `leaf ${draft.type}: ${describe(problem)}`);
  const bytes = canonicalBytes(leaf);
  if (bytes.length > MAX_LEAF_BYTES)
    throw new PlexusError(
      'LEAF_DRAFT_INVALID',
      `leaf ${draft.type}: expected at most ${String(MAX_LEAF_BYTES)} bytes, got ${String(bytes.length)}`,
    );
  return bytes;
}

export interface LeafProblem {
  readonly kind: 'problem';
  readonly code: 'A401' | 'A402' | 'A408';
  readonly text: string;
}

/** The leaf, or the finding of audit-log.md section 10 that its bytes give. Total on peer input. */
export function readLeaf(
  bytes: Bytes,
): { readonly kind: 'leaf'; readonly leaf: Leaf } | LeafProblem {
  if (bytes.length > MAX_LEAF_BYTES)
    return { kind: 'problem', code: 'A402', text: 'too long leaf in unknown' };
  let value: Json;
  try {
    value = parseCanonical(bytes);
  } catch (thrown) {
    const at = /(?:character|byte) (\d+)/.exec(asPlexusError(thrown, 'LEAF_INVALID').message)?.[1];
    return { kind: 'problem', code: 'A401', text: `not canonical JSON at byte ${at ?? '0'}` };
  }
  const problem = checkLeaf(value);
  if (problem === undefined) return { kind: 'leaf', leaf: value as unknown as Leaf };
  const type = typeOf(value);
  return {
    kind: 'problem',
    code: problem.code,
    text:
      problem.code === 'A408'
        ? `${problem.path} may hold personal data (rule P1)`
        : `${problem.what} ${problem.path} in ${type}`,
  };
}

/** Errors: peer/LEAF_INVALID. */
export function parseLeaf(bytes: Bytes): Leaf {
  const read = readLeaf(bytes);
  if (read.kind === 'problem') throw new PlexusError('LEAF_INVALID', `leaf: ${read.text}`);
  return read.leaf;
}

function dropUndefined(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

function describe(problem: ShapeProblem): string {
  return `${problem.path}: ${problem.what}`;
}

/** The type as a message may repeat it: a plain word or nothing. */
function typeOf(value: Json): string {
  const type =
    typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject)['type'] : '';
  return typeof type === 'string' && /^[a-z_.]{1,64}$/.test(type) ? type : 'unknown';
}
