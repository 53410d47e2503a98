/** `plexus model fetch`: the newest model of a study, proven by the log, as a folder that predicts offline. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { fetchModel } from '../client.js';
import { writeModelFolder } from '../model-folder.js';
import { privacySentence } from '../privacy-sentence.js';
import { withCoordinator, type Session } from './session.js';

export function addModelFetch(model: Command, session: Session): void {
  model
    .command('fetch')
    .description('fetch the newest model of a study and check that the log holds it')
    .argument('<study>', 'its id')
    .requiredOption('--out <folder>', 'a folder that does not exist yet')
    .action(async (id: string, { out }: { readonly out: string }, command: Command) => {
      const advice = {
        what: 'no model was written',
        next: `see where the study stands: plexus study results ${id}`,
      };
      await withCoordinator(session, command, advice, async (api, { log }) => {
        const { terminal, suite } = session;
        const proven = await fetchModel(suite, api, id, log);
        writeModelFolder(suite, out, proven.manifest, proven.state, proven.release);
        // beside the model, so that anybody with the log's key can check it again without this program
        writeFileSync(join(out, 'model.tlog-proof'), proven.proof);
        writeFileSync(join(out, 'model.leaf.json'), proven.leaf);
        const { seq, size } = proven.release.log;
        terminal.out(
          `model of ${id} in ${out}, log leaf ${String(seq)} of ${String(size)}, proven`,
        );
        terminal.out(privacySentence(proven.manifest.privacy));
        terminal.out(`next: plexus model predict --csv patients.csv --model ${out}`);
      });
    });
}
