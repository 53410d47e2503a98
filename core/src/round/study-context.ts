/**
 * What follows from the manifest alone: its digest, its sections with their types, and the layout of each round's vector.
 *
 * Coordinator, hospital and auditor compute it alike; no message carries any of it (I4). Source: docs/protocol.md.
 */
import { fromHex, hex, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { layoutBytes, layoutHash, layoutWords, makeLayout, type Layout } from '../secagg/layout.js';
import type { Manifest } from '../study/manifest.js';
import { manifestDigest } from '../study/parse.js';
import { describe } from '../study/problem.js';
import type { TaskContext } from '../task/context.js';
import { checkStudy, type StudySections } from '../task/study-check.js';
import { layoutOf, roundsOf } from '../task/task.js';

export interface StudyContext extends StudySections {
  readonly suite: Suite;
  readonly manifest: Manifest;
  /** SHA-256 of the canonical manifest, hex. */
  readonly manifestHash: string;
  /** 32 bytes. */
  readonly studySeed: Bytes;
}

/** Where a study stands: the task's place in the manifest and the round within it, both from 0. */
export interface Position {
  readonly task: number;
  readonly roundInTask: number;
}

export interface RoundSetting {
  readonly taskContext: TaskContext;
  readonly layout: Layout;
  /** Hex. */
  readonly layoutHash: string;
  readonly vectorBytes: number;
  readonly vectorWords: number;
}

/** Errors: operator/MANIFEST_INVALID naming everything that is wrong in model, tasks and rules. */
export function studyContext(suite: Suite, manifest: Manifest): StudyContext {
  const checked = checkStudy(manifest);
  if (checked.kind === 'refused')
    throw new PlexusError('MANIFEST_INVALID', `manifest: ${describe(checked.problems)}`);
  const { model, tasks, rules } = checked;
  const studySeed = fromHex(manifest.seed);
  const manifestHash = manifestDigest(suite, manifest);
  return { suite, manifest, manifestHash, model, tasks, rules, studySeed };
}

/** Errors: bug/STATE_UNEXPECTED if the study has no such task. */
export function roundSetting(study: StudyContext, position: Position): RoundSetting {
  const { suite, manifest, model, rules, studySeed } = study;
  const task = study.tasks[position.task];
  if (task === undefined)
    throw new PlexusError('STATE_UNEXPECTED', `task ${String(position.task)}: expected one`);
  const { task: taskIndex, roundInTask } = position;
  const schema = manifest.data;
  const taskContext = { suite, schema, model, task, taskIndex, roundInTask, rules, studySeed };
  const layout = makeLayout(layoutOf(taskContext));
  return {
    taskContext,
    layout,
    layoutHash: hex(layoutHash(suite, layout)),
    vectorBytes: layoutBytes(layout),
    vectorWords: layoutWords(layout),
  };
}

/** Rounds of the whole study, when no task ends early. */
export function plannedRounds(study: StudyContext): number {
  return study.tasks.reduce((sum, task) => sum + roundsOf(task), 0);
}
