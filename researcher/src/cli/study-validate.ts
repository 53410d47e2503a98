/** `plexus study validate`: every problem of a study file at once, each with file, line and column. Works offline. */
import {
  graphReports,
  graphSentence,
  PlexusError,
  roundsOf,
  type GraphReport,
  type Manifest,
  type Problem,
  type ModelSpec,
} from '@plexus/core';
import type { Command } from 'commander';
import { sectionsOf } from '../model-card.js';
import { privacySentence } from '../privacy-sentence.js';
import type { FileProblem } from '../study-file.js';
import { validateStudyFile } from '../validate.js';
import { attempt, report } from './failure.js';
import type { Terminal } from './terminal.js';

interface Options {
  readonly json?: true;
  readonly engine: string;
}

export function addStudyValidate(study: Command, terminal: Terminal): void {
  study
    .command('validate')
    .description('check a study file and the files beside it, offline')
    .argument('[file]', 'the study', 'study.yaml')
    .option('--json', 'print one JSON object')
    .option('--engine <name>', 'check for hospitals that run this training engine', 'auto')
    .action(async (file: string, options: Options) => {
      const next = `correct the study, then run: plexus study validate ${file}`;
      const advice = { what: 'the study is not valid; nothing was sent', next };
      await attempt(terminal, advice, async () => {
        const validated = validateStudyFile(file, undefined, await limitsOf(options.engine));
        const problems = validated.kind === 'refused' ? validated.problems : [];
        if (options.json)
          terminal.out(
            JSON.stringify({
              ok: problems.length === 0,
              problems: problems.map(asRow),
              ...(validated.kind === 'valid' && { secagg: secaggOf(validated.manifest) }),
            }),
          );
        else if (validated.kind === 'valid') printSummary(terminal, validated.manifest);
        else for (const problem of problems) terminal.out(problemLine(problem));
        if (problems.length === 0) return;
        const count = `${String(problems.length)} problem${problems.length === 1 ? '' : 's'}`;
        report(terminal, advice, new PlexusError('STUDY_INVALID', `${count}, listed above`));
      });
    });
}

/** What an engine cannot train. Errors: environment/ENGINE_UNAVAILABLE for a name that is none. */
async function limitsOf(name: string): Promise<(model: ModelSpec) => readonly Problem[]> {
  if (name === 'auto') return () => []; // takes whichever engine trains the model
  const { capabilityProblems, ENGINE_CHOICES } = await import('@plexus/engine'); // lazily: TensorFlow takes its time
  const engine = ENGINE_CHOICES.find((choice) => choice === name);
  if (engine === undefined || engine === 'auto')
    throw new PlexusError(
      'ENGINE_UNAVAILABLE',
      `--engine: expected one of ${ENGINE_CHOICES.join(', ')}, got ${name}`,
    );
  return (model) => capabilityProblems(engine, model, 'model');
}

/** `study.yaml:17:5 LAYER_UNKNOWN model.layers[0].type: expected one of dense, got conv9d` */
export function problemLine({ file, line, column, code, path, text }: FileProblem): string {
  const where = `${file}:${String(line)}:${String(column)}`;
  return path === '' ? `${where} ${code} ${text}` : `${where} ${code} ${path}: ${text}`;
}

function asRow({ file, line, column, code, path, text }: FileProblem): object {
  return { file, line, column, code, path, text };
}

function printSummary(terminal: Terminal, manifest: Manifest): void {
  const { tasks, model, rules } = sectionsOf(manifest);
  const steps = tasks.map((task) => {
    const rounds = roundsOf(task);
    return rounds === 1 ? task.kind : `${task.kind} ${String(rounds)} rounds`;
  });
  terminal.out(`ok    ${manifest.study}: ${manifest.title}`);
  terminal.out(`      hospitals  ${manifest.roster.map(({ hospital }) => hospital).join(', ')}`);
  terminal.out(
    `      features   ${String(manifest.data.features.length)}, target ${manifest.data.target.name}`,
  );
  terminal.out(`      model      ${model.name}, ${String(model.layers.length)} layer(s)`);
  terminal.out(`      tasks      ${steps.join(', ')}`);
  terminal.out(
    `      secure sum ${String(rules.minCohort)} to ${String(rules.maxCohort)} hospitals, ${String(rules.cAbs)} may be curious`,
  );
  for (const report of secaggOf(manifest)) terminal.out(`      ${graphSentence(report)}`);
  terminal.out(`      ${privacySentence(manifest.privacy)}`);
}

/** What the rules come to at the smallest and at the largest cohort. */
function secaggOf(manifest: Manifest): readonly GraphReport[] {
  return graphReports(sectionsOf(manifest).rules);
}
