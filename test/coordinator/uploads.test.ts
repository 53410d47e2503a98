/** T19 the upload of a vector: frames lost, reordered, repeated, truncated, over-long, too late; never a partial vector, never a partial sum. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hex,
  manifestBytes,
  parseLeaf,
  PlexusError,
  type Code,
  type StudyState,
} from '@plexus/core';
import { memoryStore, openBlobs, type Blobs } from '@plexus/runtime';
import { createCoordinator } from '../../coordinator/src/app/coordinator.ts';
import { agentUploads, type Uploads } from '../../coordinator/src/app/uploads.ts';
import { fastSuite as suite } from '../fast-suite.ts';
import { callerOf, createAgents, enrolAll, HOSPITALS, manifestHere } from './hospitals.ts';
import { createWorld } from './surroundings.ts';

const manifest = manifestHere();
const SIZE = 40;
const vector = suite.keystream(suite.sha256(Uint8Array.of(1)), SIZE);
const digest = hex(suite.sha256(vector));

let folder: string;
let blobs: Blobs;
let uploads: Uploads;
/** The coordinator's session, as far as uploads look at it. */
let session: {
  phase: string;
  readonly u2: readonly number[];
  lost: readonly number[];
  masked: readonly { readonly hospital: number }[];
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plexus-uploads-'));
  blobs = await openBlobs(folder);
  session = { phase: 'masked', u2: [1, 2, 3], lost: [], masked: [] };
  uploads = uploadsOver(blobs);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function uploadsOver(over: Blobs): Uploads {
  const state = (): StudyState =>
    ({
      phase: 'running',
      manifest,
      current: { phase: 'session', session },
    }) as unknown as StudyState; // all that is read of it
  return agentUploads(
    { store: memoryStore(), blobs: over },
    { states: () => [state()], vectorBytes: () => SIZE },
  );
}

async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  try {
    await call;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return thrown.code;
    throw thrown;
  }
}

const begin = (name = digest, size = SIZE) => codeOf(uploads.port.begin('north', name, size));
const append = (offset: number, bytes: Uint8Array) =>
  codeOf(uploads.port.append('north', digest, offset, bytes));
const finish = () => codeOf(uploads.port.finish('north', digest));

describe('T19 the frames of a vector', () => {
  it('T19 in order give the vector; it is stored once, and a repeated upload is known to be complete', async () => {
    expect([
      await begin(),
      await append(0, vector.slice(0, 16)),
      await append(16, vector.slice(16)),
      await finish(),
    ]).toEqual([undefined, undefined, undefined, undefined]);
    expect(await uploads.stored('north', digest)).toBe(SIZE);
    expect(await uploads.port.stat('north', digest)).toEqual({ offset: SIZE, complete: true });
    expect(await uploads.stored('south', digest)).toBeUndefined();
  });

  it('T19 out of order, repeated or past the end are refused, and what was there before goes on', async () => {
    await begin();
    expect(await append(16, vector.slice(16))).toBe('BLOB_OFFSET'); // a lost or an overtaken frame
    expect(await append(0, vector.slice(0, 16))).toBeUndefined();
    expect(await append(0, vector.slice(0, 16))).toBe('BLOB_OFFSET'); // repeated
    expect(await append(16, new Uint8Array(25))).toBe('BLOB_TOO_LARGE'); // over-long
    expect(await append(16, vector.slice(16))).toBeUndefined();
    expect(await finish()).toBeUndefined();
    expect(Buffer.compare(await blobs.read(digest), vector)).toBe(0);
  });

  it('T19 that end too early, or say something else, are no vector: nothing is kept', async () => {
    await begin();
    await append(0, vector.slice(0, 39));
    expect(await finish()).toBe('BLOB_MISMATCH');
    expect(await uploads.stored('north', digest)).toBeUndefined();
    expect([await blobs.sizeOf(digest), await blobs.staged(digest)]).toEqual([undefined, 0]);
    expect(await begin(digest, SIZE - 1)).toBe('UPLOAD_UNEXPECTED'); // not the length of the layout
  });

  it('T19 whatever happens to them, the vector is stored whole or not at all', async () => {
    const frames = [0, 8, 16, 24, 32].map((offset) => ({
      offset,
      bytes: vector.slice(offset, offset + 8),
    }));
    const mangled = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...frames) },
      fc.record({
        offset: fc.constantFrom(0, 8, 16, 24, 32, 40),
        bytes: fc.uint8Array({ maxLength: 12 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(frames),
        fc.array(mangled, { maxLength: 8 }),
        fc.boolean(),
        async (some, more, tidy) => {
          await blobs.remove(digest);
          await blobs.discard(digest);
          uploads = uploadsOver(blobs);
          await begin();
          const sequence = tidy ? [...more, ...frames] : [...some, ...more, ...some];
          for (const { offset, bytes } of sequence) await append(offset, bytes);
          const code = await finish();
          const size = await uploads.stored('north', digest);
          expect(size).toBe(code === undefined ? SIZE : undefined);
          if (size !== undefined) expect(Buffer.compare(await blobs.read(digest), vector)).toBe(0);
          else expect(await blobs.sizeOf(digest)).toBeUndefined();
        },
      ),
      { numRuns: 150, seed: 19 },
    );
  });

  it('T19 go on after the coordinator has died, from what had arrived', async () => {
    await begin();
    await append(0, vector.slice(0, 24));
    uploads = uploadsOver(await openBlobs(folder));
    expect(await begin()).toBeUndefined();
    expect(await uploads.port.stat('north', digest)).toEqual({ offset: 24, complete: false });
    expect(await append(24, vector.slice(24))).toBeUndefined();
    expect(await finish()).toBeUndefined();
    expect(await uploads.stored('north', digest)).toBe(SIZE);
  });
});

describe('T19 a vector that comes too late', () => {
  const endings: readonly [string, () => void][] = [
    ['the survivors are fixed', () => void (session.phase = 'agree')],
    ['the shares are opened', () => void (session.phase = 'unmask')],
    ['the hospital was lost', () => void (session.lost = [1])],
    ['its vector is in already', () => void (session.masked = [{ hospital: 1 }])],
  ];

  it.each(endings)('T19 is not begun when %s (PHASE_CLOSED)', async (_why, close) => {
    close();
    expect(await begin()).toBe('PHASE_CLOSED');
    expect(await append(0, vector)).toBe('PHASE_CLOSED');
    expect(await finish()).toBe('PHASE_CLOSED');
  });

  it.each(endings)(
    'T19 is not gone on with when %s: what had arrived is thrown away',
    async (_why, close) => {
      await begin();
      await append(0, vector.slice(0, 16));
      close();
      expect(await append(16, vector.slice(16))).toBe('PHASE_CLOSED');
      expect(await blobs.staged(digest)).toBe(0);
    },
  );

  it.each(endings)(
    'T19 is not stored, though all of it had arrived, when %s',
    async (_why, close) => {
      await begin();
      await append(0, vector);
      close();
      expect(await finish()).toBe('PHASE_CLOSED');
      expect([await blobs.sizeOf(digest), await blobs.staged(digest)]).toEqual([undefined, 0]);
      expect(await uploads.stored('north', digest)).toBeUndefined();
    },
  );

  it('T19 is not stored when the survivors are fixed while it is hashed', async () => {
    uploads = uploadsOver({
      ...blobs,
      async finish(name) {
        await blobs.finish(name);
        session.phase = 'agree';
      },
    });
    await begin();
    await append(0, vector);
    expect(await finish()).toBe('PHASE_CLOSED');
    expect(await blobs.sizeOf(digest)).toBeUndefined();
  });

  it('T19 changes nothing in a study: the sum is that of the survivors, and the rest of the upload is refused', async () => {
    const world = createWorld();
    const coordinator = createCoordinator(world.around);
    await coordinator.start();
    await enrolAll(coordinator, world.nowMs);
    const agents = createAgents(
      () => coordinator.app,
      manifest,
      () => world.nowMs,
    );
    await coordinator.app.studies.submit(callerOf('researcher', 'r1'), manifestBytes(manifest));
    for (const hospital of HOSPITALS) await agents.connect(hospital);
    await agents.settled();
    agents.silent = (hospital, { kind }) => hospital === 'east' && kind === 'shares';
    for (const hospital of HOSPITALS) await agents.approve(hospital);
    const leaves = () => world.leaves.map((leaf) => parseLeaf(leaf));
    const has = (type: string) => leaves().find((leaf) => leaf.type === type);
    let began: Code | undefined;
    const words = async (): Promise<void> => {
      const first = has('round.masked_update.received');
      if (first === undefined || began !== undefined) return;
      const { bytes } = first.data['upload'] as { readonly bytes: number };
      const { blobs: port } = coordinator.app;
      began =
        (await codeOf(port.begin('east', digest, bytes))) ??
        (await codeOf(port.append('east', digest, 0, vector)));
      began ??= 'BLOB_ABSENT'; // begun: a code that uploads do not answer with
    };
    for (let second = 0; second < 300 && has('round.aggregated') === undefined; second++) {
      await agents.settled();
      await words();
      if (has('round.survivors_fixed') !== undefined && has('round.aggregated') === undefined) {
        const { blobs: port } = coordinator.app;
        expect(await codeOf(port.append('east', digest, SIZE, vector))).toBe('PHASE_CLOSED');
      }
      world.nowMs += 1_000;
      await coordinator.tick();
    }
    await agents.settled();
    expect(began).toBe('BLOB_ABSENT');
    expect(has('round.aggregated')?.data).toMatchObject({ survivors: [1, 2, 3], dropped: [4] });
    expect(world.blobs.has(digest)).toBe(false);
  });
});
