import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fastSuite as suite } from '../../../fast-suite.ts';
import { fromUtf8, utf8, type Bytes } from '../../../../core/src/base/bytes.ts';
import {
  canonicalJson,
  type Json,
  type JsonObject,
} from '../../../../core/src/base/canonical-json.ts';
import { leafHash } from '../../../../core/src/audit/merkle.ts';
import { verifyBundle } from '../../../../core/src/audit/verify/verify.ts';
import { bundleOf, filesOf, readerOf, type Files } from '../../../audit-bundle.ts';
import { heartLog, keepLeaf, startLog, type Log } from '../../../audit-log.ts';

const honest = heartLog();

/** The same log with other bytes of leaves, hashed and signed anew: what a coordinator can do with its own key. */
function resigned(entries: readonly Bytes[]): Log {
  const log = startLog();
  for (const entry of entries) keepLeaf(log, entry, leafHash(suite, entry));
  for (const [sha256, manifest] of honest.manifests) log.manifests.set(sha256, manifest);
  return log;
}

function verified(files: Files): readonly string[] {
  const report = verifyBundle(suite, readerOf(files));
  expect(JSON.stringify(report)).not.toMatch(/[^\x20-\x7e]/); // a finding is fit for a terminal
  expect(report.ok).toBe(
    report.findings.every(({ level }) => level !== 'FAIL' && level !== 'MISS'),
  );
  return report.findings.map(({ code }) => code);
}

const hostile: readonly Json[] = [
  '',
  '\u001b[2J',
  '__proto__',
  'A'.repeat(70_000),
  -1,
  0,
  65_536,
  Number.MAX_SAFE_INTEGER,
  true,
  [],
  {},
  [[[[[[[[]]]]]]]],
];

/** Every place in a value, as the path that leads there. */
function placesOf(value: Json, at: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object') return [at];
  return [
    at,
    ...Object.entries(value).flatMap(([key, item]) => placesOf(item as Json, [...at, key])),
  ];
}

function put(value: Json, [key, ...rest]: readonly string[], change: Json | undefined): Json {
  if (key === undefined) return change ?? {};
  const list = Array.isArray(value);
  const entries = Object.entries(value as JsonObject).flatMap(([name, item]) => {
    if (name !== key) return [[name, item] as const];
    if (rest.length > 0) return [[name, put(item as Json, rest, change)] as const];
    return change === undefined ? [] : [[name, change] as const];
  });
  return list ? entries.map(([, item]) => item as Json) : Object.fromEntries(entries);
}

describe('the verifier is total', () => {
  it('on leaves with anything anywhere, in a log signed by its own key', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            leaf: fc.nat(honest.entries.length - 1),
            place: fc.nat(),
            how: fc.oneof(
              fc.constant(undefined),
              fc.constantFrom(...hostile),
              fc.nat(honest.entries.length - 1),
            ),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        (changes) => {
          const entries = [...honest.entries];
          for (const { leaf, place, how } of changes) {
            const value = JSON.parse(fromUtf8(honest.entries[leaf]!)) as Json;
            const places = placesOf(value);
            const changed = put(value, places[place % places.length]!, how);
            entries[leaf] = utf8(canonicalJson(changed)).slice(0, 65_535);
          }
          const codes = verified(bundleOf(resigned(entries)));
          if (entries.some((entry, i) => fromUtf8(entry) !== fromUtf8(honest.entries[i]!)))
            expect(codes.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('on any file with any bytes, listed anew', () => {
    const files = filesOf(honest);
    const paths = [...files.keys()];
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.nat()),
        (path, change) => {
          const old = files.get(path)!;
          const bytes =
            typeof change === 'number'
              ? old.with(change % old.length, old[change % old.length]! ^ (1 + (change % 255)))
              : change;
          verified(bundleOf(honest, new Map([...files, [path, bytes]])));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('on a bundle.json of any bytes', () => {
    const files = bundleOf(honest);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.json().map(utf8)), (bytes) => {
        expect(verified(new Map([...files, ['bundle.json', bytes]]))).toContain('A104');
      }),
    );
    const deep = utf8(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(verified(new Map([...files, ['bundle.json', deep]]))).toEqual(['A104']);
  });

  it('on two hundred thousand leaves that are none', () => {
    const empty = new Uint8Array(0);
    const log = resigned(Array.from({ length: 200_000 }, () => empty));
    const codes = verified(bundleOf(log));
    expect(codes.filter((code) => code === 'A401')).toHaveLength(1001); // the last says how many more
    expect(codes.length).toBeLessThan(5000);
  });
});
