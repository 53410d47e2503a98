/** Where a command prints: results on stdout, everything said about them on stderr. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** Replaces what was shown last; on something that is no terminal the lines are simply printed. */
  live(lines: readonly string[]): void;
  readonly interactive: boolean;
}

export function processTerminal(): Terminal {
  process.stdout.on('error', endOnClosedPipe);
  const interactive = process.stdout.isTTY;
  let shown = 0;
  return {
    interactive,
    out(line) {
      process.stdout.write(`${line}\n`);
      shown = 0;
    },
    err(line) {
      process.stderr.write(`${line}\n`);
    },
    live(lines) {
      if (interactive && shown > 0) process.stdout.write(`\u001b[${String(shown)}A\u001b[J`);
      for (const line of lines) process.stdout.write(`${line}\n`);
      shown = lines.length;
    },
  };
}

/** Whoever reads has seen enough (`| head`): nothing is left to do, and a watch would go on for nobody. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
