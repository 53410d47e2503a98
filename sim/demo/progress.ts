/**
 * The study as it goes: drawn in place on a terminal, one plain line a finished round elsewhere.
 *
 * Leaves to others: where events come from (`plexus study watch --json`).
 */

/** A line of `plexus study watch --json`. */
export interface WatchEvent {
  readonly kind: string;
  /** 0 outside rounds. */
  readonly round: number;
  readonly attempt: number;
  readonly phase: string;
  readonly hospitals: readonly string[];
  readonly metrics: readonly { readonly name: string; readonly value: string }[];
  readonly code?: string;
}

const NAME_WIDTH = 18;

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Progress {
  readonly update: (event: WatchEvent) => void;
  /** Leaves the last picture on the screen. */
  readonly end: () => void;
  /** Rounds of training that ended in a sum. */
  readonly trained: () => number;
}

const PHASES: Readonly<Record<string, string>> = {
  ready: 'training at the hospitals',
  advertise: 'R0 advertise keys',
  share: 'R1 share',
  masked: 'R2 masked updates',
  agree: 'R3 agree on survivors',
  unmask: 'R4 unmask the sum',
};

/** `names`: what each round of the study is for, in order, such as `training 3 of 15`. */
export function createProgress(
  out: Output,
  kind: 'uci-heart' | 'synthetic',
  names: readonly string[],
): Progress {
  let drawn = false;
  let round = 0;
  let phase = '';
  let answered = new Set<string>();
  let trained = 0;
  const head = (number: number): string =>
    `round ${String(number).padStart(2)}   ${(names[number - 1] ?? '').padEnd(NAME_WIDTH)}`;
  const mark = kind === 'synthetic' ? '  SYNTHETIC' : '';

  function line(text: string): void {
    if (drawn) out.write('\u001b[1A\u001b[2K');
    drawn = false;
    out.write(`${text}\n`);
  }

  function draw(): void {
    if (out.isTTY !== true) return;
    const who = [...answered].sort().join(', ');
    const text = `${head(round)}${(PHASES[phase] ?? phase).padEnd(26)}${who}`;
    line(text);
    drawn = true;
  }

  return {
    update(event) {
      if (
        event.round > 0 &&
        (event.round !== round || (event.phase !== '' && event.phase !== phase))
      ) {
        round = event.round;
        phase = event.phase === '' ? phase : event.phase;
        answered = new Set();
      }
      switch (event.kind) {
        case 'answered':
          for (const hospital of event.hospitals) answered.add(hospital);
          draw();
          return;
        case 'offered':
        case 'opened':
        case 'survivors':
          draw();
          return;
        case 'dropped':
        case 'aborted':
          line(
            `${head(event.round)}${event.kind} ${event.hospitals.join(', ')} ${event.code ?? ''}`.trimEnd(),
          );
          return;
        case 'aggregated': {
          const metric = (name: string): string | undefined =>
            event.metrics.find((one) => one.name === name)?.value;
          if (names[event.round - 1]?.startsWith('training') === true) trained++;
          const figures = [
            ...(['examples', 'loss', 'accuracy', 'auc'] as const).flatMap((name) => {
              const value = metric(name);
              return value === undefined
                ? []
                : [`${name === 'auc' ? 'AUC' : name} ${short(value)}`];
            }),
          ].join('   ');
          line(
            `${head(event.round)}${String(event.hospitals.length)} hospitals in   ${figures}${mark}`,
          );
          return;
        }
        default:
          return;
      }
    },
    end() {
      drawn = false;
    },
    trained: () => trained,
  };
}

function short(value: string): string {
  const number = Number(value);
  return Number.isInteger(number) ? String(number) : number.toFixed(4);
}
