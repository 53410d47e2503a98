/**
 * Made-up patients for where the real ones cannot be had: four unlike hospitals in the form of the UCI files, the same at every run.
 *
 * One relation between findings and disease holds everywhere; hospitals differ in size, age, share of the ill and what they left out.
 */
import { utf8 } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import type { HospitalName } from './hospitals.js';

interface Habits {
  readonly patients: number;
  readonly age: number;
  /** Added to every patient's log-odds of disease. */
  readonly burden: number;
  /** Share of cholesterol values that are missing. */
  readonly noCholesterol: number;
}

const HABITS: Readonly<Record<HospitalName, Habits>> = {
  cleveland: { patients: 303, age: 54, burden: -0.2, noCholesterol: 0 },
  hungarian: { patients: 261, age: 48, burden: -0.8, noCholesterol: 0.05 },
  switzerland: { patients: 60, age: 55, burden: 1.8, noCholesterol: 0.3 },
  va: { patients: 130, age: 59, burden: 0.9, noCholesterol: 0.15 },
};
/** Of three patients, one is held out. */
const HELD_OUT_EVERY = 3;
const WORDS_A_PATIENT = 64;

/** `sides`: lines `row,side`, rows counted from 1. */
export function syntheticHospital(hospital: HospitalName): {
  readonly csv: string;
  readonly sides: readonly string[];
} {
  const { patients } = HABITS[hospital];
  const seed = nodeSuite.sha256(utf8(`plexus/demo/synthetic/${hospital}`));
  const stream = nodeSuite.keystream(seed, 4 * WORDS_A_PATIENT * patients);
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  const rows = Array.from({ length: patients }, (_, row) => {
    let word = row * WORDS_A_PATIENT;
    const uniform = (): number => view.getUint32(4 * word++, true) / 2 ** 32;
    return patient(HABITS[hospital], uniform);
  });
  return {
    csv: `${rows.join('\n')}\n`,
    sides: rows.map(
      (_, row) => `${String(row + 1)},${row % HELD_OUT_EVERY === 0 ? 'held-out' : 'training'}`,
    ),
  };
}

/** One line in the order of the UCI files. `uniform` draws from [0, 1), at most WORDS_A_PATIENT times. */
function patient(habits: Habits, uniform: () => number): string {
  // twelve uniforms minus six: near enough to a normal for made-up people
  const normal = (): number =>
    Array.from({ length: 6 }, uniform).reduce((a, b) => a + b, -3) * 1.41;
  const within = (low: number, high: number, value: number): number =>
    Math.round(Math.min(high, Math.max(low, value)));
  const age = within(28, 78, habits.age + 9 * normal());
  const sex = uniform() < 0.7 ? 1 : 0;
  const risk = 0.05 * (age - 54) + 0.7 * (sex - 0.5) + habits.burden;
  const severity = risk + 1.3 * normal();
  const pain = severity + normal() > 0.6 ? 4 : 1 + Math.floor(3 * uniform());
  const pressure = within(92, 200, 131 + 6 * severity + 14 * normal());
  const cholesterol = within(120, 560, 245 + 12 * severity + 45 * normal());
  const sugar = uniform() < 0.15 ? 1 : 0;
  const ecg = uniform() < 0.5 ? 0 : uniform() < 0.2 ? 1 : 2;
  const rate = within(72, 202, 150 - 0.6 * (age - 54) - 10 * severity + 15 * normal());
  const angina = severity + normal() > 0.9 ? 1 : 0;
  const depression = Math.max(0, Math.round(10 * (0.7 + 0.6 * severity + 0.6 * normal())) / 10);
  const ill = uniform() < 1 / (1 + Math.exp(-1.6 * severity)) ? 1 : 0;
  const shown = uniform() < habits.noCholesterol ? '?' : String(cholesterol);
  return [
    age,
    sex,
    pain,
    pressure,
    shown,
    sugar,
    ecg,
    rate,
    angina,
    depression,
    2,
    '?',
    '?',
    ill,
  ].join(',');
}
