/** Where a command prints: results on stdout, everything said about them on stderr. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
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
  };
}

/** Whoever reads has seen enough (`| head`): the command ends as it would have, with its own status. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
