/**
 * The card that travels with a model: what study it comes from, how it was trained, how it does, what protects the patients behind it.
 *
 * Figures are the federation's as a whole; no hospital's own figure exists outside that hospital (I9).
 * Source: audit-log.md section 5 (model.released), privacy.md section 9. Leaves to others: the files (model-folder.ts).
 */
import {
  checkStudy,
  featureColumns,
  PlexusError,
  scalingOf,
  type Manifest,
  type StudySections,
  type Target,
  type TaskState,
} from '@plexus/core';
import { privacySentence } from './privacy-sentence.js';

/** What the coordinator says of a finished study, beside manifest and state. */
export interface Release {
  /** Rounds that ended in a sum. */
  readonly rounds: number;
  /** Of the last evaluation; canonical decimals. */
  readonly metrics: Readonly<Record<string, string>>;
  /** The leaf that names the released model. */
  readonly log: { readonly seq: number; readonly size: number };
}

export type ModelCard = Readonly<Record<string, unknown>>;

/** Errors: operator/MANIFEST_INVALID if model, tasks or rules of the manifest do not check. */
export function sectionsOf(manifest: Manifest): StudySections {
  const checked = checkStudy(manifest);
  if (checked.kind === 'checked') return checked;
  const text = checked.problems.map(({ path, text }) => `${path}: ${text}`).join('; ');
  throw new PlexusError('MANIFEST_INVALID', `manifest: ${text}`);
}

/** Shapes: digests in hex. Errors: bug/STATE_UNEXPECTED if the state lacks the scaling constants. */
export function modelCard(
  manifest: Manifest,
  digests: { readonly manifest: string; readonly model: string },
  state: TaskState,
  release: Release,
): ModelCard {
  const { tasks } = sectionsOf(manifest);
  const columns = featureColumns(manifest.data);
  const scaling = scalingOf(state, columns.length);
  return {
    v: 1,
    study: manifest.study,
    title: manifest.title,
    purpose: manifest.purpose,
    manifest: { sha256: digests.manifest },
    model: { sha256: digests.model, weights: 'weights.bin', state: 'state.plexus' },
    hospitals: manifest.roster.map(({ hospital }) => hospital),
    target: manifest.data.target.name,
    input: columns.map(({ name }, i) => ({
      name,
      centre: scaling[i]?.centre,
      spread: scaling[i]?.spread,
    })),
    tasks,
    rounds: release.rounds,
    metrics: release.metrics,
    privacy: { mode: manifest.privacy.mode, sentence: privacySentence(manifest.privacy) },
    log: { origin: manifest.log.origin, ...release.log },
  };
}

/** The same for people. */
export function cardMarkdown(
  manifest: Manifest,
  digests: { readonly manifest: string; readonly model: string },
  release: Release,
): string {
  const metrics = Object.entries(release.metrics).map(([name, value]) => `| ${name} | ${value} |`);
  const { features, target, maxLevel } = manifest.data;
  return [
    `# ${manifest.title}`,
    '',
    `> ${privacySentence(manifest.privacy)}`,
    '',
    `Study \`${manifest.study}\`, purpose ${manifest.purpose}, trained together by ${String(manifest.roster.length)} hospitals:`,
    `${manifest.roster.map(({ hospital }) => hospital).join(', ')}. Rounds: ${String(release.rounds)}.`,
    '',
    `Predicts \`${target.name}\` (${outputOf(target)}) from ${String(features.length)} features (GB/T 39725 level at most ${String(maxLevel)}):`,
    `${features.map(({ name }) => name).join(', ')}.`,
    '',
    '| on the held-out patients of all hospitals together | |',
    '| --- | --- |',
    ...metrics,
    '',
    `Manifest SHA-256 \`${digests.manifest}\``,
    `Model state SHA-256 \`${digests.model}\``,
    `Log \`${manifest.log.origin}\`, leaf ${String(release.log.seq)} of ${String(release.log.size)}`,
    '',
    ...optimizersOf(manifest),
    'model.json and weights.bin load with `tf.loadLayersModel`; their input is `(value - centre) / spread` of model-card.json.',
    'Without TensorFlow knowledge: `plexus model predict --csv patients.csv --model <this folder>`.',
    '',
  ].join('\n');
}

/** What the numbers of a prediction mean. */
function outputOf(target: Target): string {
  switch (target.type) {
    case 'binary':
      return 'its probability';
    case 'category':
      return `one probability each, in this order: ${target.values.join(', ')}`;
    case 'number':
    case 'integer':
      return `in ${target.unit}`;
    case 'time-to-event':
      return 'its log-hazard: higher is sooner';
  }
}

/** By name, since the same name has other rules elsewhere: tfjs and TensorFlow place epsilon differently in Adam. */
function optimizersOf(manifest: Manifest): readonly string[] {
  const kinds = sectionsOf(manifest).tasks.flatMap((task) =>
    task.kind === 'train' ? [task.optimizer.kind] : [],
  );
  if (kinds.length === 0) return [];
  return [`Trained with ${[...new Set(kinds)].join(', ')}, by the update rules of tfjs 4.22.`];
}
