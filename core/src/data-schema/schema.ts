/**
 * What a study asks of a hospital's data: features, types, units, ranges, levels. A section of the signed manifest.
 *
 * Fractions are decimal strings, because the manifest is canonical JSON. Source: data.md section 2; GB/T 39725-2020 sections 6.1 and 6.2.
 * Leaves to others: reading rows (node-agent/src/data), turning them into numbers (encode.ts).
 */

/** GB/T 39725-2020 section 6.1, in its order. */
export type DataClass =
  'personal' | 'health-status' | 'medical-application' | 'payment' | 'resources' | 'public-health';

export type Level = 1 | 2 | 3 | 4 | 5;

export type Missing =
  'refuse' | 'drop-row' | { readonly fill: 'centre'; readonly indicator: boolean };

/** `federated`: constants come from a moments task. `{centre, spread}`: public constants. `none`: as is. */
export type Scale = 'federated' | 'none' | { readonly centre: string; readonly spread: string };

interface FeatureBase {
  readonly name: string;
  readonly class: DataClass;
  readonly level: Level;
}

export interface NumberFeature extends FeatureBase {
  readonly type: 'number' | 'integer';
  /** UCUM code. */
  readonly unit: string;
  readonly range: readonly [string, string];
  readonly outside: 'refuse' | 'missing' | 'clamp';
  readonly missing: Missing;
  /** Largest tolerated share of missing values, in [0, 1]. */
  readonly maxMissing?: string;
  readonly scale: Scale;
}

export interface BinaryFeature extends FeatureBase {
  readonly type: 'binary';
  readonly missing: 'refuse' | 'drop-row';
  readonly scale: Scale;
}

export interface CategoryFeature extends FeatureBase {
  readonly type: 'category';
  /** Declared order decides the one-hot layout; the first value is dropped. */
  readonly values: readonly string[];
  readonly missing: 'refuse' | 'drop-row';
  readonly scale: Scale;
}

export type Feature = NumberFeature | BinaryFeature | CategoryFeature;

interface TargetBase {
  readonly name: string;
  readonly class: DataClass;
  readonly level: Level;
}

export interface BinaryTarget extends TargetBase {
  readonly type: 'binary';
}

export interface CategoryTarget extends TargetBase {
  readonly type: 'category';
  /** Declared order is the order of the model's outputs. */
  readonly values: readonly string[];
}

/** `time-to-event` is two columns at the hospital: `<name>_time` in `unit`, and `<name>_event`, false where it was not seen to happen. */
export interface MeasuredTarget extends TargetBase {
  readonly type: 'number' | 'integer' | 'time-to-event';
  /** UCUM code. */
  readonly unit: string;
  readonly range: readonly [string, string];
  readonly outside: 'refuse' | 'clamp';
}

/** What a model predicts. A patient without it cannot be used: the mapping leaves such rows out. */
export type Target = BinaryTarget | CategoryTarget | MeasuredTarget;

export type SuppressionProfile = 'standard' | 'strict' | 'cms' | 'open';

export interface DataSchema {
  readonly unit: 'patient';
  readonly maxLevel: Level;
  readonly target: Target;
  readonly features: readonly Feature[];
  readonly consent: { readonly mode: 'opt-in' | 'opt-out'; readonly codes: readonly string[] };
  readonly suppression: SuppressionProfile;
}
