/** A study of four hospitals for simulations, its approvals, and the plain sums that it must equal. */
import {
  encodeTensors,
  initialState,
  readLeaf,
  roundSetting,
  studyContext,
  type Leaf,
  type Manifest,
  type Suite,
  type TaskState,
} from '@plexus/core';
import type { Simulated, SimulatedHospital } from '@plexus/sim';
import { createParticipant } from '../core/round/participant/participant.ts';
import { HOSPITALS, keySeed } from '../core/round/study.ts';
import { hospitals as rowsOf, playRound } from '../core/task/federation.ts';
import { plainEngine } from '../core/task/plain-engine.ts';

export const START_MS = 1_772_446_504_120;

/** An approval lasts a day from its signature. */
export function simulatedHospitals(
  manifest: Manifest,
  signedMs = START_MS,
): readonly SimulatedHospital[] {
  return HOSPITALS.map((hospital, i) => ({
    hospital,
    rows: rowsOf[i] ?? { training: [], heldOut: [] },
    identity: keySeed(i + 1, 'identity'),
    approval: createParticipant(manifest, i + 1).sign('approve', signedMs),
  }));
}

export function leavesOf({ leaves }: Pick<Simulated, 'leaves'>): readonly Leaf[] {
  return leaves.map((bytes) => {
    const read = readLeaf(bytes);
    if (read.kind !== 'leaf') throw new Error(read.text);
    return read.leaf;
  });
}

/** The study as plain sums, over those hospitals that the log says survived each round; the same course is computed once. */
export function plainSums(suite: Suite, manifest: Manifest): (log: readonly Leaf[]) => Uint8Array {
  const study = studyContext(suite, manifest);
  const { model, studySeed } = study;
  const known = new Map<string, TaskState>();
  return (log) => {
    let state = initialState(suite, { schema: manifest.data, model, studySeed });
    let position = { task: 0, roundInTask: 0 };
    let course = '';
    for (const leaf of log) {
      if (leaf.type === 'round.offered')
        position = {
          task: Number(leaf.data['task']),
          roundInTask: Number(leaf.data['round_in_task']),
        };
      if (leaf.type !== 'round.aggregated') continue;
      const survivors = leaf.data['survivors'] as readonly number[];
      course += `/${survivors.join(',')}`;
      const before = state;
      state = known.get(course) ?? after(before, position, survivors);
      known.set(course, state);
    }
    return encodeTensors(state);
  };

  function after(
    state: TaskState,
    position: { readonly task: number; readonly roundInTask: number },
    survivors: readonly number[],
  ): TaskState {
    const { taskContext } = roundSetting(study, position);
    return playRound(taskContext, state, plainEngine(), rowsOf, survivors).state;
  }
}
