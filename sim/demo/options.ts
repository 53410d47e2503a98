/** What may be typed after `npm run demo --`. */
import { parseArgs } from 'node:util';
import { PlexusError } from '@plexus/core';

export interface DemoOptions {
  /** One JSON object as the last line of stdout; progress goes to stderr. */
  readonly json: boolean;
  /** Leaves everything running until Ctrl-C. */
  readonly keep: boolean;
  /** Where state goes; a fresh temporary folder otherwise. */
  readonly dir: string | undefined;
  /** A folder with the four UCI files. */
  readonly data: string | undefined;
  /** Seed of the study instead of the one it names. */
  readonly seed: number | undefined;
  readonly help: boolean;
}

export const USAGE = `npm run demo -- [--json] [--keep] [--dir FOLDER] [--data FOLDER] [--seed N]

  --json         print one JSON object as the last line; progress goes to stderr
  --keep         leave coordinator and agents running until Ctrl-C
  --dir FOLDER   keep state there (a new or empty folder) instead of a temporary one
  --data FOLDER  a folder with the four UCI files (or PLEXUS_DATA); otherwise ../shared/data/uci-heart, else a download, else synthetic
  --seed N       train with this seed instead of the study's own
`;

/** Errors: operator/DEMO_USAGE naming the argument. */
export function readOptions(argv: readonly string[]): DemoOptions {
  try {
    const { values } = parseArgs({
      args: [...argv],
      strict: true,
      options: {
        json: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        dir: { type: 'string' },
        data: { type: 'string' },
        seed: { type: 'string' },
      },
    });
    const { json = false, keep = false, help = false, dir, data } = values;
    return { json, keep, help, dir, data, seed: readSeed(values.seed) };
  } catch (thrown) {
    if (thrown instanceof PlexusError) throw thrown;
    const text = thrown instanceof Error ? thrown.message : 'unknown argument';
    throw new PlexusError('DEMO_USAGE', text.split('\n', 1)[0] ?? text, { cause: thrown });
  }
}

function readSeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seed = Number(text);
  if (/^\d{1,9}$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new PlexusError('DEMO_USAGE', '--seed: expected a whole number of at most 9 digits');
}
