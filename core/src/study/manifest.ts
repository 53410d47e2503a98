/**
 * The study manifest: everything the members approve, as one canonical JSON document. Each agent pins its SHA-256.
 *
 * A study is data, never code (I8). Source: secure-aggregation.md section 3; data.md section 2; privacy.md section 2.
 * Leaves to others: the YAML an author writes (researcher/), the meaning of layers and tasks (task/, to the right of here).
 */
import type { DataSchema } from '../data-schema/schema.js';
import type { Json } from '../base/canonical-json.js';

export interface RosterMember {
  /** Roster index, 1..65535; the Shamir abscissa of this hospital. */
  readonly index: number;
  readonly hospital: string;
  /** Ed25519 public keys, base64. */
  readonly identityKey: string;
  readonly cosignerKey: string;
}

export interface Manifest {
  readonly v: 1;
  readonly study: string;
  readonly title: string;
  /** HL7 v3 PurposeOfUse code. */
  readonly purpose: string;
  readonly data: DataSchema;
  /** ModelSpec and TaskSpec[] of task/spec.ts, validated there: study stands to the left of task. */
  readonly model: Json;
  readonly tasks: readonly Json[];
  /** SecaggRules of secagg/rules.ts. */
  readonly secagg: Json;
  readonly privacy: { readonly mode: 'none' };
  /** 32 bytes, hex: root of initial weights, batch orders and rounding. */
  readonly seed: string;
  readonly roster: readonly RosterMember[];
  /** Where the federation's log lives: C2SP origin and vkey. */
  readonly log: { readonly origin: string; readonly vkey: string };
}
