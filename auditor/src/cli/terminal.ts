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
