/** Where a command prints: results on stdout, everything said about them on stderr. */
import { isatty } from 'node:tty';
import colours from 'picocolors';
import type { Paint } from '../print.js';

export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  readonly paint: Paint;
}

export function processTerminal(): Terminal {
  process.stdout.on('error', ignoreClosedPipe);
  return {
    out(line) {
      process.stdout.write(`${line}\n`);
    },
    err(line) {
      process.stderr.write(`${line}\n`);
    },
    paint: colours.createColors(isatty(1) && colours.isColorSupported),
  };
}

/** Whoever reads has seen enough (`| head`): the command ends as it would have, with its own status. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
