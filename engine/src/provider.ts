/**
 * What makes an engine: a name, a probe that says whether it can run on this machine, and a constructor.
 *
 * Source: engine.md "Shape". Leaves to others: which one a study gets (select.ts).
 */
import type { TrainingEngine } from '@plexus/core';

/** Engines that are tfjs on a backend of that name. */
export type TfjsName = 'tensorflow' | 'wasm' | 'cpu';
export type EngineName = 'dense' | TfjsName;

export type Probe =
  | { readonly kind: 'ready'; readonly versions: Readonly<Record<string, string>> }
  /** `remedy` is what to type or read next. */
  | { readonly kind: 'absent'; readonly reason: string; readonly remedy: string };

export interface EngineProvider {
  readonly name: EngineName;
  /** Never throws. */
  probe(): Promise<Probe>;
  /** Errors: environment/ENGINE_UNAVAILABLE; environment/ENGINE_CONFORMANCE if a known answer comes out wrong. */
  create(): Promise<TrainingEngine>;
}
