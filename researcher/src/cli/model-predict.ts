/** `plexus model predict`: probabilities for the patients of a CSV, offline. The only command that loads the training engine. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PlexusError, type Suite } from '@plexus/core';
import type { Command } from 'commander';
import { readModelFolder } from '../model-folder.js';
import { predictCsv } from '../predict.js';
import { attempt } from './failure.js';
import type { Terminal } from './terminal.js';

interface Options {
  readonly csv: string;
  readonly model: string;
  readonly out?: string;
}

export function addModelPredict(model: Command, terminal: Terminal, suite: Suite): void {
  model
    .command('predict')
    .description('predict the patients of a CSV with a fetched model, offline')
    .requiredOption('--csv <file>', 'patients, one a line, columns named as in the study')
    .requiredOption('--model <folder>', 'a folder that plexus model fetch wrote')
    .option('--out <file>', 'where the probabilities go; stdout otherwise')
    .action(async (options: Options) => {
      const { csv, model: folder, out } = options;
      const advice = {
        what: 'no patient was predicted',
        next: `correct it, then run: plexus model predict --csv ${csv} --model ${folder}`,
      };
      await attempt(terminal, advice, async () => {
        const fetched = readModelFolder(suite, folder);
        const text = readText(csv);
        const { createEngine } = await import('@plexus/engine'); // lazily: TensorFlow takes its time
        const engine = await createEngine('auto', fetched.model);
        const predicted = predictCsv(engine, fetched, text);
        engine.dispose();
        if (out === undefined) terminal.out(predicted.trimEnd());
        else writeText(out, predicted);
      });
    });
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${file}: cannot read it as UTF-8`, { cause });
  }
}

function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 }); // patients: readable by their owner alone
  } catch (cause) {
    throw new PlexusError('FILE_UNWRITABLE', `${file}: cannot write it, or it exists`, { cause });
  }
}
