/**
 * Plain values of an author or a peer, before anybody knows what they are: mappings, lists, and what is wrong with them.
 *
 * Leaves to others: which keys there are and what they mean (whoever parses).
 */
import type { Code } from './error.js';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** `path` reads like `data.features[3].range`, so that a caller can find the line; the whole document is the empty path. */
export interface Problem {
  readonly path: string;
  readonly code: Code;
  readonly text: string;
}
