/**
 * The reference file: what TensorFlow computes for layers, losses, optimizers and gradients by example. Numbers only.
 *
 * Source: engine.README.md beside the file. Leaves to others: what of it a study can name (translate.ts), running it (run.ts).
 */
import { PlexusError, sizeOfShape } from '@plexus/core';

/** Numbers listed, or by a formula. */
export interface CaseTensor {
  readonly name?: string;
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  readonly c?: number;
  readonly scale?: number;
  readonly shift?: number;
  readonly dtype?: string;
  readonly noGrad?: boolean;
}

/** A layer as tfjs-layers reads it. */
export interface CaseLayer {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface CaseNode extends CaseLayer {
  readonly name: string;
  readonly inbound: readonly string[];
}

export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

interface Case {
  readonly id: string;
  readonly tolerance?: Tolerance;
}

/** A chain or a graph. */
export interface CaseModel {
  readonly layers?: readonly CaseLayer[];
  readonly graph?: { readonly nodes: readonly CaseNode[]; readonly output: string };
  readonly inputs: readonly CaseTensor[];
}

type Numbers = readonly number[];

export interface LayerCase extends Case, CaseModel {
  readonly trainable: boolean;
  readonly training: boolean;
  readonly weights: readonly CaseTensor[];
  readonly upstream?: CaseTensor;
  readonly output?: Numbers;
  /** null: no gradient. */
  readonly gradInputs?: readonly (Numbers | null)[];
  readonly gradWeights?: readonly (Numbers | null)[];
  /** Moving statistics after the call. */
  readonly after?: readonly { readonly weight: number; readonly values: Numbers }[];
  readonly refusal?: { readonly code: string };
}

export interface LossCase extends Case {
  readonly api: string;
  readonly name: string;
  readonly options?: Readonly<Record<string, number>>;
  readonly labels: CaseTensor;
  readonly predictions: CaseTensor;
  readonly perExample: Numbers;
  readonly value: number;
  readonly grad: Numbers;
}

export interface OptimizerCase extends Case {
  readonly optimizer: {
    readonly className: string;
    readonly config: Readonly<Record<string, number | boolean>>;
  };
  readonly steps: readonly {
    readonly loss: number;
    readonly weightsAfter: readonly Numbers[];
  }[];
}

/** What every optimizer is given. */
export interface CaseProblem extends CaseModel {
  readonly labels: CaseTensor;
  readonly loss: string;
  readonly weights: readonly CaseTensor[];
}

export interface PatientCase extends Case, CaseProblem {
  readonly perExampleGrad: readonly (readonly Numbers[])[];
  readonly squaredNorms: Numbers;
  readonly gradSum: readonly Numbers[];
  readonly clipped: readonly { readonly C: number; readonly sum: readonly Numbers[] }[];
}

export interface EngineVectors {
  readonly layers: readonly LayerCase[];
  readonly losses: readonly LossCase[];
  readonly optimizers: { readonly problem: CaseProblem; readonly cases: readonly OptimizerCase[] };
  readonly perExample: readonly PatientCase[];
}

const FORMAT = 'engine-vectors/1';

/** Errors: operator/FILE_UNREADABLE if it is another file. */
export function readVectors(text: string, file: string): EngineVectors {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${file}: expected JSON`, { cause });
  }
  if (isVectors(value)) return value;
  throw new PlexusError('FILE_UNREADABLE', `${file}: expected reference values, ${FORMAT}`);
}

/** Its format says the rest. */
function isVectors(value: unknown): value is EngineVectors {
  if (typeof value !== 'object' || value === null || !('meta' in value)) return false;
  const { meta } = value;
  return typeof meta === 'object' && meta !== null && 'format' in meta && meta.format === FORMAT;
}

export function numbersOf({
  shape,
  values,
  c = 0,
  scale = 1,
  shift = 0,
}: CaseTensor): Float32Array {
  if (values !== undefined) return Float32Array.from(values);
  return Float32Array.from({ length: sizeOfShape(shape) }, (_, i) => {
    const turn = (((37 + 2 * c) * i * i + 101 * i + 211 * c) % 1021) - 510;
    return shift + (scale * turn) / 512;
  });
}
