/** T20 no count, metric or loss of one hospital in a plaintext field of what goes over the wire, in a whole study. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FromAgent, LocalRows, ToAgent } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { hospitals as rowsOf } from '../core/task/federation.ts';
import { createFederation, type Federation, type Site } from '../node-agent/app/federation.ts';
import { differences, fieldsOf, isOpaque, leaksIn, type Captured } from './wire-capture.ts';

/** Primes that are no length of anything: patients trained on and held out. */
const COUNTS: Readonly<Record<string, readonly [number, number]>> = {
  north: [1031, 523],
  south: [1153, 547],
  west: [1277, 571],
  east: [1399, 593],
};
const CHANGED: readonly [number, number] = [1091, 509];

interface Played {
  readonly federation: Federation;
  readonly from: (name: string) => readonly Captured[];
  readonly to: readonly ToAgent[];
}

async function play(north: LocalRows | undefined): Promise<Played> {
  const federation = await createFederation({ secagg: { wMax: 2000 } });
  const to: ToAgent[] = [];
  federation.lie = (_name, message) => {
    to.push(message);
    return message;
  };
  for (const [i, site] of federation.sites.entries()) {
    const [training, heldOut] = COUNTS[site.name] ?? [0, 0];
    const rows = {
      training: tiled(rowsOf[i]!.training, training, i),
      heldOut: tiled(rowsOf[i]!.heldOut, heldOut, i),
    };
    site.load = () => Promise.resolve(site.name === 'north' ? (north ?? rows) : rows);
  }
  await federation.submit();
  for (const { name } of federation.sites) await federation.approve(name);
  await federation.run();
  expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4 });
  return { federation, to, from: (name) => capturedOf(federation.site(name)) };
}

/** So many patients, drawn from a few. */
function tiled(
  columns: readonly Float64Array[],
  count: number,
  seed: number,
): readonly Float64Array[] {
  const stream = suite.keystream(suite.sha256(Uint8Array.of(seed, 77)), count);
  return columns.map((column) =>
    Float64Array.from(stream, (byte) => column[byte % column.length]!),
  );
}

function capturedOf({ sent, uploaded }: Site): readonly Captured[] {
  return [
    ...sent.map((message): Captured => ({ kind: 'message', message })),
    ...uploaded.map((bytes): Captured => ({ kind: 'vector', bytes })),
  ];
}

let first: Played;
let other: Played;
beforeAll(async () => {
  first = await play(undefined);
  const [training, heldOut] = CHANGED;
  other = await play({
    training: tiled(rowsOf[2]!.training, training, 9),
    heldOut: tiled(rowsOf[3]!.heldOut, heldOut, 9),
  });
}, 240_000);

/** Counts, and everything computed from the rows that is no small whole number: losses, metrics, sums, updates. */
function numbersOf(name: string, { federation }: Played): readonly number[] {
  const [training = 0, heldOut = 0] = COUNTS[name] ?? [];
  const computed = federation
    .site(name)
    .computed.flatMap((values) => [...values.values()].flatMap((section) => [...section]));
  const telling = computed.filter((value) => !Number.isInteger(value) || Math.abs(value) > 300);
  expect(telling.length).toBeGreaterThan(10);
  return [training, heldOut, training + heldOut, ...new Set(telling)];
}

describe('T20 what goes over the wire', () => {
  it('T20 holds no count, loss, metric or update of any hospital, in whatever form', () => {
    for (const { name } of first.federation.sites) {
      const numbers = numbersOf(name, first);
      const leaks = first.from(name).flatMap((captured, id) => leaksIn(captured, numbers, id + 1));
      expect([name, leaks]).toEqual([name, []]);
    }
  });

  it('T20 nor does anything that the coordinator sends on to the others', () => {
    const everybody = first.federation.sites.flatMap(({ name }) =>
      numbersOf(name, first).slice(0, 3),
    );
    const leaks = first.to.flatMap((message) =>
      [...fieldsOf({ kind: 'message', message })]
        .filter(
          ([path, value]) =>
            !isOpaque(path) &&
            everybody.some((number) => value === number || value === String(number)),
        )
        .map(([path]) => path),
    );
    expect(first.to.length).toBeGreaterThan(100);
    expect(leaks).toEqual([]);
  });

  it('T20 is the same but for masked words and what is hashed or signed over them when one hospital has other patients', () => {
    const [one, two] = [first.from('north'), other.from('north')];
    expect(differences(one, two)).toEqual([]);
    // the other hospitals' messages tell no more of it
    for (const name of ['south', 'west', 'east'])
      expect(differences(first.from(name), other.from(name))).toEqual([]);
    // the patients did differ: else this would prove nothing
    const vectors = one.flatMap((captured, i) =>
      captured.kind === 'vector' ? [[captured.bytes, (two[i] as typeof captured).bytes]] : [],
    );
    expect(vectors).toHaveLength(4);
    for (const [a, b] of vectors) expect(Buffer.compare(a!, b!)).not.toBe(0);
    // and until its first vector nothing had been computed: those messages are the same byte for byte
    const texts = ({ sent }: Site): readonly string[] =>
      sent.slice(0, 4).map((message) => JSON.stringify(message));
    expect(texts(first.federation.site('north'))).toEqual(texts(other.federation.site('north')));
    expect(
      first.federation
        .site('north')
        .sent.slice(0, 4)
        .map(({ kind }) => kind),
    ).toEqual(['decision', 'ready', 'advertise', 'share']);
  });

  it('T20 the checker finds a canary in every field that could carry one', () => {
    const sent = first.federation.site('north').sent;
    const numbers = numbersOf('north', first);
    const loss = numbers.at(-1)!;
    const of = (kind: FromAgent['kind']): FromAgent =>
      sent.find((message) => message.kind === kind)!;
    const canaries: readonly object[] = [
      { ...of('ready'), engine: 'plain/1.0.0+1031' },
      { ...of('ready'), attempt: 1031 },
      { ...of('ready'), loss },
      { ...of('advertise'), session: hexOf(loss) + '00'.repeat(24) },
      { ...of('release'), patients: Uint8Array.of(0x87, 0x08) },
      {
        ...of('masked'),
        contribution: withCount(
          (of('masked') as Extract<FromAgent, { kind: 'masked' }>).contribution,
        ),
      },
    ];
    for (const canary of canaries) {
      const captured = { kind: 'message', message: canary as FromAgent } as const;
      expect([canary, fieldLeaks(captured, numbers).length > 0]).toEqual([canary, true]);
      const honest = { kind: 'message', message: of((canary as FromAgent).kind) } as const;
      expect(differences([honest], [captured])).not.toEqual([]);
    }
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setUint32(20, 1031, true);
    expect(leaksIn({ kind: 'vector', bytes }, numbers)).not.toEqual([]);
  });
});

/** As leaksIn, for what cannot be encoded as a frame. */
function fieldLeaks(captured: Captured, numbers: readonly number[]): readonly string[] {
  try {
    return leaksIn(captured, numbers);
  } catch {
    return ['not a frame'];
  }
}

function hexOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes.toString('hex');
}

function withCount(envelope: { readonly payload: string }): object {
  const json = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as object;
  const payload = Buffer.from(JSON.stringify({ ...json, rows: 1031 })).toString('base64');
  return { ...envelope, payload };
}
