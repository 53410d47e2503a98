import { expectTypeOf, it } from 'vitest';
import type { Evidence } from '../../../core/src/audit/evidence.ts';
import type { JsonObject } from '../../../core/src/base/canonical-json.ts';
import type { FromAgent, ToAgent } from '../../../core/src/round/messages.ts';

/** An interface, spelled out: only then can tsc compare it with JsonObject. */
type Members<T> = { [K in keyof T]: Members<T[K]> };

it('every message of either side is JSON, so that it can be an input, journalled and replayed (I7)', () => {
  expectTypeOf<Members<ToAgent>>().toExtend<JsonObject>();
  expectTypeOf<Members<FromAgent>>().toExtend<JsonObject>();
});

it('so is the evidence beside a message: texts and numbers only', () => {
  expectTypeOf<Members<Evidence>>().toExtend<JsonObject>();
});

it('no message carries a threshold, a graph, a field size or a clip (I4)', () => {
  type Names = ToAgent extends infer M ? (M extends unknown ? keyof M : never) : never;
  expectTypeOf<
    Names & ('threshold' | 'quorum' | 'graph' | 'degree' | 'bits' | 'clip')
  >().toBeNever();
});
