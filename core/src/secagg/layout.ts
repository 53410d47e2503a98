/**
 * The layout of a masked vector: an ordered list of named sections. Code reads sections by name, never by position.
 *
 * Source: secure-aggregation.md section 7.
 */

export type Encoding = 'fixed16' | 'fixed24' | 'fixed32' | 'residue32' | 'count32';

export interface Section {
  /** `update/<tensor>`, `weight`, `metric/<name>`, `stat/<name>`, `check/count`, `check/tag`. */
  readonly name: string;
  /** Number of values. */
  readonly length: number;
  readonly encoding: Encoding;
  /** Clip C of the fixed encodings, a decimal string; absent otherwise. */
  readonly clip?: string;
}

/** Always ends with check/count and check/tag. Made by `makeLayout`. */
export interface Layout {
  readonly sections: readonly Section[];
}

/** Values by section name: reals for fixed*, unsigned integers for count32. */
export type SectionValues = ReadonlyMap<string, Float64Array>;
