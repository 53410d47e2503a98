import { expect, expectTypeOf, it } from 'vitest';
import { canonicalJson, type JsonObject } from '../../../core/src/base/canonical-json.ts';
import type { Code } from '../../../core/src/base/error.ts';
import { reject, type Effect, type LeafDraft } from '../../../core/src/base/machine.ts';

const state = { round: 3 };

it('a refusal leaves the very same state and carries one code (I10)', () => {
  const stepped = reject(state, 'SIGNATURE_INVALID', { hospital: 'va' });
  expect(stepped.state).toBe(state);
  expect(stepped.effects).toEqual([
    { kind: 'reject', code: 'SIGNATURE_INVALID', detail: { hospital: 'va' } },
  ]);
});

it('a refusal says nothing more than its code unless told to', () => {
  expect(reject(state, 'KEY_DUPLICATE').effects).toEqual([
    { kind: 'reject', code: 'KEY_DUPLICATE', detail: {} },
  ]);
});

it('the detail of a refusal is canonical JSON, so that it can be journalled', () => {
  const [effect] = reject(state, 'KEY_DUPLICATE', { index: 2 }).effects;
  expect(effect?.kind === 'reject' && canonicalJson(effect.detail)).toBe('{"index":2}');
});

it('a refusal comes without a leaf, a message or work of its own', () => {
  expectTypeOf<Extract<Effect<string, string>, { kind: 'reject' }>>().toEqualTypeOf<{
    readonly kind: 'reject';
    readonly code: Code;
    readonly detail: JsonObject;
  }>();
  expect(reject(state, 'KEY_DUPLICATE').effects.map((effect) => effect.kind)).toEqual(['reject']);
});

it('what a machine may write into a leaf leaves number, time and salt to the driver', () => {
  expectTypeOf<keyof LeafDraft & ('v' | 'seq' | 'log' | 'time' | 'salt')>().toBeNever();
});
