/**
 * What is wrong with a study, all of it at once: each problem with its path, its code and an expectation.
 *
 * Leaves to others: lines of a file (researcher/), what a section means (data-schema/, task/).
 */
import type { Code } from '../base/error.js';
import { isFields, isList, type Fields, type Problem } from '../base/fields.js';

export type StudyProblem = Problem;

/** The value of a reader, or undefined once it noted why not. */
export class ProblemList {
  readonly found: StudyProblem[] = [];
  readonly #code: Code;

  constructor(code: Code) {
    this.#code = code;
  }

  note(path: string, text: string, code: Code = this.#code): void {
    this.found.push({ path, code, text });
  }

  /** A mapping with no key but the allowed ones. Its known fields are read even where an unknown one was noted. */
  fields(value: unknown, path: string, allowed: readonly string[]): Fields | undefined {
    if (!isFields(value)) {
      this.note(path, 'expected a mapping');
      return undefined;
    }
    for (const key of Object.keys(value))
      if (!allowed.includes(key))
        this.note(join(path, key), `unknown key; expected one of ${allowed.join(', ')}`);
    return value;
  }

  list(value: unknown, path: string): readonly unknown[] | undefined {
    if (isList(value) && value.length > 0) return value;
    this.note(path, 'expected a list that is not empty');
    return undefined;
  }

  text(value: unknown, path: string, pattern: RegExp, what: string): string | undefined {
    if (typeof value === 'string' && value.normalize('NFC') === value && pattern.test(value))
      return value;
    this.note(path, `expected ${what}`);
    return undefined;
  }

  oneOf<T extends string>(value: unknown, path: string, allowed: readonly T[]): T | undefined {
    const known = allowed.find((candidate) => candidate === value);
    if (known === undefined) this.note(path, `expected one of ${allowed.join(', ')}`);
    return known;
  }

  integer(value: unknown, path: string, least: number, most: number): number | undefined {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
      return value;
    this.note(path, `expected a whole number from ${String(least)} to ${String(most)}`);
    return undefined;
  }

  /** What a constructor of base/ids.ts makes of a text; its refusal becomes a problem. */
  id<T>(value: unknown, path: string, make: (text: string) => T): T | undefined {
    const what = 'words of a-z and 0-9 joined by -, at most 64 characters';
    if (typeof value !== 'string') {
      this.note(path, `expected ${what}`);
      return undefined;
    }
    try {
      return make(value);
    } catch {
      this.note(path, `expected ${what}`); // the constructor's own message names no path
      return undefined;
    }
  }
}

export function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

export function describe(problems: readonly StudyProblem[]): string {
  return problems.map(({ path, text }) => (path === '' ? text : `${path}: ${text}`)).join('; ');
}
