/**
 * What a verification says: findings with code and place, and one line for each step.
 *
 * Source: audit-log.md section 10. Leaves to others: which findings there are (one file a step), how they are printed (auditor/).
 */
export type AuditLevel = 'FAIL' | 'MISS' | 'WARN' | 'NOTE';

/** Type aliases, so that a report can be written as JSON. */
export type AuditFinding = {
  readonly level: AuditLevel;
  /** A1xx to A9xx of audit-log.md section 10. */
  readonly code: string;
  /** `bundle`, `file <path>`, `tile <L>/<N>`, `leaf <seq>`, `checkpoint <size>`, `round <study>/<n>.<attempt>`. */
  readonly where: string;
  readonly leaf?: number;
  readonly file?: string;
  readonly text: string;
};

export type StepResult = {
  readonly id: string;
  readonly name: string;
  readonly result: 'ok' | 'FAIL' | 'MISS';
  readonly figures: string;
};

export function inBundle(level: AuditLevel, code: string, text: string): AuditFinding {
  return { level, code, where: 'bundle', text };
}

/** The path may be hostile; what is printed is a plain form of it. */
export function inFile(level: AuditLevel, code: string, path: string, text: string): AuditFinding {
  const file = plain(path);
  return { level, code, where: `file ${file}`, file, text };
}

export function inTile(code: string, tile: string, text: string): AuditFinding {
  return { level: 'FAIL', code, where: `tile ${tile}`, text };
}

export function atLeaf(code: string, leaf: number, text: string): AuditFinding {
  return { level: 'FAIL', code, where: `leaf ${String(leaf)}`, leaf, text };
}

export function atCheckpoint(
  level: AuditLevel,
  code: string,
  size: string,
  text: string,
): AuditFinding {
  return { level, code, where: `checkpoint ${size}`, text };
}

export function inRound(
  level: AuditLevel,
  code: string,
  round: string,
  text: string,
): AuditFinding {
  return { level, code, where: `round ${round}`, text };
}

export function stepResult(
  id: string,
  name: string,
  findings: readonly AuditFinding[],
  figures: string,
): StepResult {
  const has = (level: AuditLevel) => findings.some((finding) => finding.level === level);
  return { id, name, result: has('FAIL') ? 'FAIL' : has('MISS') ? 'MISS' : 'ok', figures };
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

function plain(path: string): string {
  return path.slice(0, 200).replace(/[^\x20-\x7e]/gu, '?');
}

/** Of one code in one step; the others are counted. A hostile bundle of a few megabytes could else give millions. */
const MOST_OF_A_CODE = 1000;

/** Collects what a step finds. */
export class FindingList {
  readonly #kept: AuditFinding[] = [];
  readonly #counts = new Map<string, { readonly level: AuditLevel; count: number }>();

  push(...found: readonly AuditFinding[]): void {
    for (const finding of found) {
      const { code, level } = finding;
      const seen = this.#counts.get(code) ?? { level, count: 0 };
      seen.count += 1;
      this.#counts.set(code, seen);
      if (seen.count <= MOST_OF_A_CODE) this.#kept.push(finding);
    }
  }

  all(): readonly AuditFinding[] {
    const more = [...this.#counts].flatMap(([code, { level, count }]) =>
      count > MOST_OF_A_CODE
        ? [inBundle(level, code, `${String(count - MOST_OF_A_CODE)} more findings of this code`)]
        : [],
    );
    return [...this.#kept, ...more];
  }
}

/** Of each kind of finding at one place: what is wrong with ten thousand members is said of the first. */
export const MOST_AT_ONE_PLACE = 20;

/** What leaves and statements hold is peer-controlled: only plain short words of it are printed. */
export function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[A-Za-z0-9+/=:._-]{1,300}$/.test(text)
    ? text
    : 'nothing printable';
}
