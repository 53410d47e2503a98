/**
 * Four made-up hospitals in the form of the four UCI heart files: the same 14 columns, as many rows, each hospital as unlike the others
 * as the real ones are, and with their habits of leaving things out. No row is anybody's.
 *
 * The lines of split.json are complete in the ten columns that the study reads and the other lines are not, as in the files themselves, so
 * the same split serves both. The same bytes on every machine: sums, products and comparisons of a keystream.
 * Leaves to others: where real files come from (data.ts).
 */
import { utf8 } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import type { HospitalName } from './hospitals.js';

/** What is typical of one hospital; chances in [0, 1]. */
interface Habits {
  readonly rows: number;
  readonly ill: number;
  readonly male: number;
  readonly age: number;
  /** Mean of the largest heart rate. */
  readonly rate: number;
  /** Chances of the kinds of chest pain 1 to 4 among the well; the ill have the fourth more often. */
  readonly pain: readonly [number, number, number, number];
  /** Chances of the resting ECGs 0 to 2. */
  readonly ecg: readonly [number, number, number];
  readonly sugar: number;
  readonly angina: number;
  /** Chance that no depression of the ST segment is noted. */
  readonly level: number;
  /** Chance of a cholesterol of 0: not measured, and not said. */
  readonly unmeasured: number;
  /** Chance of `?` by column; columns 1 to 10 only in lines that the split leaves out. */
  readonly missing: Readonly<Partial<Record<Column, number>>>;
}

const COLUMNS = [
  ...['age', 'sex', 'cp', 'trestbps', 'chol', 'fbs', 'restecg', 'thalach', 'exang', 'oldpeak'],
  ...['slope', 'ca', 'thal', 'num'],
] as const;
type Column = (typeof COLUMNS)[number];
const READ: ReadonlySet<string> = new Set(COLUMNS.slice(0, 10));

const HABITS: Readonly<Record<HospitalName, Habits>> = {
  cleveland: {
    ...{ rows: 303, ill: 0.46, male: 0.68, age: 54, rate: 150, sugar: 0.15, angina: 0.33 },
    ...{ pain: [0.1, 0.25, 0.4, 0.25], ecg: [0.5, 0.01, 0.49], level: 0.33, unmeasured: 0 },
    missing: { ca: 0.013, thal: 0.007 },
  },
  hungarian: {
    ...{ rows: 294, ill: 0.36, male: 0.72, age: 48, rate: 139, sugar: 0.07, angina: 0.3 },
    ...{ pain: [0.04, 0.5, 0.24, 0.22], ecg: [0.8, 0.18, 0.02], level: 0.64, unmeasured: 0 },
    missing: { trestbps: 0.03, chol: 0.7, fbs: 0.24, slope: 0.65, ca: 0.99, thal: 0.9 },
  },
  switzerland: {
    ...{ rows: 123, ill: 0.93, male: 0.92, age: 55, rate: 122, sugar: 0.1, angina: 0.44 },
    ...{ pain: [0.03, 0.07, 0.2, 0.7], ecg: [0.7, 0.25, 0.05], level: 0.36, unmeasured: 1 },
    missing: { trestbps: 0.03, fbs: 0.97, oldpeak: 0.08, slope: 0.14, ca: 0.96, thal: 0.42 },
  },
  va: {
    ...{ rows: 200, ill: 0.74, male: 0.97, age: 59, rate: 123, sugar: 0.35, angina: 0.65 },
    ...{ pain: [0.06, 0.14, 0.35, 0.45], ecg: [0.4, 0.46, 0.14], level: 0.28, unmeasured: 0.25 },
    missing: {
      ...{ trestbps: 0.8, chol: 0.1, fbs: 0.1, thalach: 0.76, exang: 0.76, oldpeak: 0.8 },
      ...{ slope: 0.51, ca: 0.99, thal: 0.83 },
    },
  },
};

/** Keystream of one row: 96 words of four bytes, of which it draws at most 83. */
const ROW_BYTES = 384;

/**
 * The file of one hospital: rows without a header, `?` for missing; the same text at every run.
 *
 * Shapes   complete: line numbers, from 1, that lack nothing the study reads.
 */
export function syntheticHospital(hospital: HospitalName, complete: ReadonlySet<number>): string {
  const habits = HABITS[hospital];
  const key = nodeSuite.sha256(utf8(`plexus/demo/synthetic/${hospital}`));
  const stream = nodeSuite.keystream(key, ROW_BYTES * habits.rows);
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  const lines = Array.from({ length: habits.rows }, (_, i) => {
    let at = ROW_BYTES * i;
    const draw = (): number => {
      at += 4;
      return view.getUint32(at - 4, true) / 2 ** 32;
    };
    const row = patient(habits, draw);
    const gaps = gapsOf(habits, complete.has(i + 1), draw);
    return COLUMNS.map((column, c) => (gaps.has(column) ? '?' : String(row[c]))).join(',');
  });
  return `${lines.join('\n')}\n`;
}

/** The 14 columns of one patient. Who is ill is drawn first, the findings follow from it, more loosely than in life. */
function patient(habits: Habits, draw: () => number): readonly number[] {
  const ill = draw() < habits.ill;
  const shift = ill ? 1 : -1;
  const is = (chance: number): number => (draw() < chance ? 1 : 0);
  const whole = (mean: number, spread: number, low: number, high: number): number =>
    Math.round(Math.min(high, Math.max(low, mean + spread * bell(draw))));
  const [typical, atypical, other, silent] = habits.pain;
  const unmeasured = draw() < habits.unmeasured;
  const depression = Math.abs(bell(draw)) * (ill ? 1.7 : 0.9);
  return [
    whole(habits.age + 1.5 * shift, 8, 28, 77),
    is(habits.male),
    1 + choose(draw, ill ? [typical, atypical / 2, other, silent * 3] : habits.pain),
    whole(132 + shift, 18, 80, 200),
    unmeasured ? 0 : whole(246 + 4 * shift, 52, 100, 600),
    is(habits.sugar),
    choose(draw, habits.ecg),
    whole(habits.rate - 9 * shift, 20, 60, 202),
    is(Math.min(0.95, Math.max(0.05, habits.angina + 0.22 * shift))),
    is(habits.level - 0.2 * shift) === 1 ? 0 : Math.round(10 * Math.min(6.2, depression)) / 10,
    1 + choose(draw, ill ? [0.25, 0.65, 0.1] : [0.65, 0.3, 0.05]),
    choose(draw, ill ? [0.35, 0.3, 0.2, 0.15] : [0.8, 0.13, 0.05, 0.02]),
    [3, 6, 7][choose(draw, ill ? [0.27, 0.09, 0.64] : [0.79, 0.04, 0.17])] ?? 3,
    ill ? 1 + choose(draw, [0.4, 0.26, 0.25, 0.09]) : 0,
  ];
}

/** Columns to leave out of a line; an incomplete one lacks at least what its hospital lacks most often. */
function gapsOf(habits: Habits, complete: boolean, draw: () => number): ReadonlySet<string> {
  const chances = Object.entries(habits.missing);
  const gaps = chances.filter(([column, chance]) => {
    const left = draw() < chance;
    return left && !(complete && READ.has(column));
  });
  const names = new Set(gaps.map(([column]) => column));
  if (complete || [...names].some((column) => READ.has(column))) return names;
  const usual = chances.filter(([column]) => READ.has(column)).sort(([, a], [, b]) => b - a)[0];
  return names.add(usual?.[0] ?? 'fbs');
}

/** Mean 0, variance 1: twelve uniform draws. No logarithm, whose last bit differs between machines. */
function bell(draw: () => number): number {
  return Array.from({ length: 12 }, draw).reduce((sum, x) => sum + x, -6);
}

/** An index, by weights that need not add up to 1. */
function choose(draw: () => number, weights: readonly number[]): number {
  let left = draw() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => (left -= weight) < 0);
  return index < 0 ? weights.length - 1 : index;
}
