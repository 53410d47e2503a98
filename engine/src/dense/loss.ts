/**
 * Losses: the sum over a batch's rows, and its gradient with respect to the predictions.
 *
 * A row's loss is the mean over its outputs. Source: Keras, as the loss vectors of engine.json hold it; Cox 1972 with Breslow's ties.
 * Leaves to others: dividing by the rows (engine.ts) or by a patient's rows (rows.ts).
 */
import type { Loss } from '@plexus/core';
import { log } from './elementary.js';
import { CoxLoss } from './cox.js';

/** Shapes: predictions, gradient: rows × outputs, written in place. labels: rows × labelWidth. */
export interface LossRule {
  readonly labelWidth: number;
  sum(
    rows: number,
    labels: Float32Array,
    predictions: Float64Array,
    gradient: Float64Array,
  ): number;
}

const CLIP = 1e-7;
const POISSON_OFFSET = 1e-7;

/** One output against its label: the loss, and its slope left in `slope.value`. */
type Single = (label: number, prediction: number, slope: { value: number }) => number;

export function lossRule(loss: Loss, outputs: number): LossRule {
  switch (loss) {
    case 'binaryCrossentropy':
      return mean(outputs, binaryCrossentropy);
    case 'categoricalCrossentropy':
      return categoricalCrossentropy(outputs);
    case 'meanSquaredError':
      return mean(outputs, (label, prediction, slope) => {
        const error = prediction - label;
        slope.value = 2 * error;
        return error * error;
      });
    case 'meanAbsoluteError':
      return mean(outputs, (label, prediction, slope) => {
        const error = prediction - label;
        slope.value = Math.sign(error);
        return Math.abs(error);
      });
    case 'huber':
      return mean(outputs, (label, prediction, slope) => {
        const error = prediction - label;
        slope.value = Math.min(1, Math.max(-1, error));
        return Math.abs(error) <= 1 ? 0.5 * error * error : Math.abs(error) - 0.5;
      });
    case 'poisson':
      return mean(outputs, (label, prediction, slope) => {
        const shifted = prediction + POISSON_OFFSET;
        slope.value = 1 - label / shifted;
        return prediction - label * log(shifted);
      });
    case 'coxPartialLikelihood':
      return new CoxLoss();
  }
}

function mean(outputs: number, single: Single): LossRule {
  const slope = { value: 0 };
  return {
    labelWidth: outputs,
    sum(rows, labels, predictions, gradient) {
      let sum = 0;
      for (let i = 0; i < rows * outputs; i++) {
        sum += single(labels[i]!, predictions[i]!, slope);
        gradient[i] = slope.value / outputs;
      }
      return sum / outputs;
    },
  };
}

/** A clipped probability has no slope. */
function binaryCrossentropy(label: number, prediction: number, slope: { value: number }): number {
  const p = clip(prediction);
  slope.value = isClipped(prediction) ? 0 : (p - label) / (p * (1 - p));
  return -label * log(p) - (1 - label) * log(1 - p);
}

/** Of probabilities divided by their sum, then clipped. */
function categoricalCrossentropy(outputs: number): LossRule {
  return {
    labelWidth: outputs,
    sum(rows, labels, predictions, gradient) {
      let loss = 0;
      for (let start = 0; start < rows * outputs; start += outputs) {
        let total = 0;
        for (let j = start; j < start + outputs; j++) total += predictions[j]!;
        let shared = 0;
        for (let j = start; j < start + outputs; j++) {
          const share = predictions[j]! / total;
          const p = clip(share);
          const label = labels[j]!;
          if (label !== 0) loss -= label * log(p);
          const slope = isClipped(share) ? 0 : -label / p;
          gradient[j] = slope;
          shared += slope * share;
        }
        for (let j = start; j < start + outputs; j++) gradient[j] = (gradient[j]! - shared) / total;
      }
      return loss;
    },
  };
}

function isClipped(p: number): boolean {
  return p < CLIP || p > 1 - CLIP;
}

/** NaN stays NaN. */
function clip(p: number): number {
  return p < CLIP ? CLIP : p > 1 - CLIP ? 1 - CLIP : p;
}
