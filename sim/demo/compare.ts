/**
 * What the federation is compared with: each hospital alone, and all patients in one place, as the study would train them.
 *
 * Computed here, beside the federation, from the files and the fetched model: no hospital's own figure crosses the wire (I9).
 * The same tasks, seed and settings; only the secure sum has one member, whose weight it allows to be as large as it is.
 */
import {
  advance,
  contribute,
  cutToField,
  decodeSum,
  decodeTensors,
  encodeRows,
  encodeVector,
  initialState,
  featureColumns,
  inputShape,
  roundingSeed,
  roundSetting,
  roundsOf,
  scalingOf,
  studyContext,
  weightsOf,
  type Bytes,
  type LocalRows,
  type Manifest,
  type StudyContext,
  type TaskState,
  type TrainingEngine,
} from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';
import type { DemoData } from './data.js';
import { HOSPITALS, type HospitalName } from './hospitals.js';
import { patientsOf } from './patients.js';

type Figures = Readonly<Record<HospitalName | 'pooled_test', number>>;

/** AUC is NaN where all test patients are ill, or none is. */
export interface Scores {
  readonly accuracy: Figures;
  readonly auc: Figures;
}

export interface Comparison {
  readonly federated: Scores;
  /** Each hospital's own model on its own test patients; `pooled_test`: all test patients, each judged by the model of its hospital. */
  readonly local: Scores;
  readonly pooled: Scores;
}

interface Judged {
  readonly labels: readonly number[];
  readonly scores: readonly number[];
}

const ALONE = 1;
const THRESHOLD = 0.5;

/** Shapes: model: the canonical bytes of the fetched state. Errors: environment/ENGINE_UNAVAILABLE. */
export async function compare(options: {
  readonly data: DemoData;
  readonly manifest: Manifest;
  readonly model: Bytes;
}): Promise<Comparison> {
  const { data, manifest, model } = options;
  const engine = await createEngine('auto');
  const study = studyContext(nodeSuite, manifest);
  const hospitals = new Map(
    HOSPITALS.map((name) => [name, patientsOf(manifest.data, data.hospitals[name])] as const),
  );
  const everybody = [...hospitals.values()];
  const columns = manifest.data.features.length + 1;
  const pool: LocalRows = {
    training: Array.from({ length: columns }, (_, column) =>
      Float64Array.from(everybody.flatMap(({ training }) => [...(training[column] ?? [])])),
    ),
    heldOut: [],
  };
  const judgeAll = (stateOf: (rows: LocalRows) => TaskState): Scores =>
    scoresOf(
      new Map(
        [...hospitals].map(([name, rows]) => [name, judge(study, engine, stateOf(rows), rows)]),
      ),
    );
  const federated = decodeTensors(model);
  const pooled = trainAlone(study, engine, pool);
  return {
    federated: judgeAll(() => federated),
    local: judgeAll((rows) => trainAlone(study, engine, rows)),
    pooled: judgeAll(() => pooled),
  };
}

/** The whole study with one member. */
function trainAlone(given: StudyContext, engine: TrainingEngine, rows: LocalRows): TaskState {
  const { suite, manifest, model, studySeed } = given;
  const patients = rows.training[0]?.length ?? 0;
  const wMax = String(Math.max(1, patients));
  const study = { ...given, rules: { ...given.rules, maxCohort: ALONE, wMax } };
  let state = initialState(suite, { schema: manifest.data, model, studySeed });
  study.tasks.forEach((spec, task) => {
    for (let roundInTask = 0; roundInTask < roundsOf(spec); roundInTask++) {
      const { taskContext, layout } = roundSetting(study, { task, roundInTask });
      const local = { ...taskContext, rosterIndex: ALONE };
      const values = contribute(local, state, { ...rows, heldOut: held(rows) }, engine);
      const { words } = encodeVector(
        suite,
        layout,
        ALONE,
        values,
        roundingSeed(suite, studySeed, local),
      );
      cutToField(layout, words);
      ({ state } = advance(taskContext, state, decodeSum(layout, ALONE, words, ALONE)));
    }
  });
  return state;
}

/** Metrics of rounds are not looked at here, but a task asks for patients to take them on. */
function held({ training, heldOut }: LocalRows): readonly Float64Array[] {
  return heldOut.length > 0 ? heldOut : training;
}

function judge(
  study: StudyContext,
  engine: TrainingEngine,
  state: TaskState,
  { heldOut }: LocalRows,
): Judged {
  const { manifest, model } = study;
  const context = { schema: manifest.data, model };
  engine.load(model, inputShape(context));
  engine.setWeights(weightsOf(context, state));
  const labels = [...(heldOut[manifest.data.features.length] ?? [])];
  const x = encodeRows(
    manifest.data,
    heldOut,
    scalingOf(state, featureColumns(manifest.data).length),
  );
  return { labels, scores: [...engine.predict(x, labels.length)] };
}

function scoresOf(judged: ReadonlyMap<HospitalName, Judged>): Scores {
  const all: Judged = {
    labels: [...judged.values()].flatMap(({ labels }) => labels),
    scores: [...judged.values()].flatMap(({ scores }) => scores),
  };
  const of = (figure: (one: Judged) => number): Figures => {
    const at = (name: HospitalName): number =>
      figure(judged.get(name) ?? { labels: [], scores: [] });
    return {
      cleveland: at('cleveland'),
      hungarian: at('hungarian'),
      switzerland: at('switzerland'),
      va: at('va'),
      pooled_test: figure(all),
    };
  };
  return { accuracy: of(accuracyOf), auc: of(aucOf) };
}

function accuracyOf({ labels, scores }: Judged): number {
  const right = labels.filter((label, i) => (scores[i] ?? NaN) >= THRESHOLD === (label === 1));
  return right.length / labels.length;
}

/** The share of pairs in which the ill patient has the higher score; ties count half. */
function aucOf({ labels, scores }: Judged): number {
  const of = (label: number): readonly number[] => scores.filter((_, i) => labels[i] === label);
  const [ill, well] = [of(1), of(0)];
  const wins = ill.flatMap((p) => well.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
  return wins.reduce<number>((sum, x) => sum + x, 0) / wins.length;
}
