/**
 * The constants that normalise model input, as tensors of the state: every hospital uses the same bytes, for held-out patients too.
 *
 * Source: data.md section 2. Leaves to others: finding them (moments.ts), applying them (data-schema/encode.ts).
 */
import { publicScaling, type Scaling } from '../data-schema/encode.js';
import type { DataSchema } from '../data-schema/schema.js';
import { float64Of, type Float64Tensor, type TaskState } from './tensors.js';

const CENTRE = 'scale/centre';
const SPREAD = 'scale/spread';

/** True if some constant must be found by a moments task. */
export function needsMoments(schema: DataSchema): boolean {
  return publicScaling(schema).includes(undefined);
}

/** The constants of a schema that fixes all of them; undefined if a moments task must come first. */
export function publicScalingTensors(schema: DataSchema): readonly Float64Tensor[] | undefined {
  const known = publicScaling(schema).filter((scaling) => scaling !== undefined);
  return needsMoments(schema) ? undefined : scalingTensors(known);
}

export function scalingTensors(scaling: readonly Scaling[]): readonly Float64Tensor[] {
  const shape = [scaling.length];
  const centres = Float64Array.from(scaling, ({ centre }) => centre);
  const spreads = Float64Array.from(scaling, ({ spread }) => spread);
  return [
    { dtype: 'f64', name: CENTRE, shape, data: centres },
    { dtype: 'f64', name: SPREAD, shape, data: spreads },
  ];
}

/** Errors: bug/STATE_UNEXPECTED if nobody has found them yet: parseTasks refuses such a study. */
export function scalingOf(state: TaskState, width: number): readonly Scaling[] {
  const centres = float64Of(state, CENTRE, width);
  const spreads = float64Of(state, SPREAD, width);
  return Array.from(centres, (centre, i) => ({ centre, spread: spreads[i]! }));
}
