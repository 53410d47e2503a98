/** The coordinator in one process, from invites to a released model, with hospitals that keep the protocol and some that do not. */
import { beforeEach, expect, test } from 'vitest';
import {
  checkHead,
  checkInclusion,
  manifestBytes,
  parseLeaf,
  parseProofFile,
  PlexusError,
  type Code,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { createCoordinator, type Coordinator } from '../../coordinator/src/app/coordinator.ts';
import type { StudyEventView } from '../../coordinator/src/app/ports.ts';
import {
  callerOf,
  createAgents,
  enrolAll,
  HOSPITALS,
  inviteTo,
  keysOf,
  manifestHere,
  type Agents,
} from './hospitals.ts';
import { createWorld, LOG_VKEY, ORIGIN, type World } from './surroundings.ts';

const DAY_MS = 86_400_000;
const author = callerOf('researcher', 'r1');
const manifest = manifestHere();
const { study } = manifest;

let world: World;
let coordinator: Coordinator;
let agents: Agents;

async function startAgain(): Promise<void> {
  coordinator = createCoordinator(world.around);
  await coordinator.start();
}

beforeEach(async () => {
  world = createWorld();
  await startAgain();
  await enrolAll(coordinator, world.nowMs);
  agents = createAgents(
    () => coordinator.app,
    manifest,
    () => world.nowMs,
  );
});

/** Time passes, second by second, until it is so. */
async function until(isSo: () => Promise<boolean> | boolean, seconds = 600): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await agents.settled();
    if (await isSo()) return;
    world.nowMs += 1_000;
    await coordinator.tick();
  }
  throw new Error(`it did not come to that: ${world.said.slice(-8).join(' | ')}`);
}

async function phase(): Promise<string> {
  return (await coordinator.app.studies.get(author, study)).phase;
}

async function codeOf(call: () => Promise<unknown>): Promise<Code | undefined> {
  try {
    await call();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return thrown.code;
    throw thrown;
  }
}

function leafTypes(): readonly string[] {
  return world.leaves.map((leaf) => parseLeaf(leaf).type);
}

async function submitAndApprove(): Promise<void> {
  await coordinator.app.studies.submit(author, manifestBytes(manifest));
  for (const hospital of HOSPITALS) await agents.connect(hospital);
  await agents.settled();
  for (const hospital of HOSPITALS) await agents.approve(hospital);
}

test('four hospitals train a model, and its author fetches it with proof that it is in the log', async () => {
  await submitAndApprove();
  await until(async () => (await phase()) === 'completed');
  expect(world.failures).toEqual([]);
  const view = await coordinator.app.studies.get(author, study);
  expect(view).toMatchObject({ roundsDone: 4, roundsPlanned: 4, approved: HOSPITALS });

  const events: StudyEventView[] = [];
  const signal = new AbortController().signal;
  for await (const event of coordinator.app.studies.watch(author, study, 0, signal))
    events.push(event);
  expect(events[0]?.kind).toBe('submitted');
  expect(events.filter(({ kind }) => kind === 'aggregated')).toHaveLength(4);
  expect(events.slice(-2).map(({ kind }) => kind)).toEqual(['ended', 'released']);
  const sums = events.filter(({ kind }) => kind === 'aggregated');
  expect(sums.at(-1)).toMatchObject({ round: 4, hospitals: HOSPITALS });
  expect(sums.at(-1)?.metrics.length).toBeGreaterThan(0);
  const numbers = events.map(({ number }) => number);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));

  const model = await coordinator.app.studies.model(author, study);
  const proof = parseProofFile(model.logProof);
  const pinned = { origin: ORIGIN, vkey: LOG_VKEY };
  const checked = checkHead(suite, pinned, undefined, proof.checkpoint, []);
  if (checked.kind === 'refused') throw new Error(checked.reason);
  const path = proof.hashes.map((hash) => Buffer.from(hash).toString('base64'));
  expect(checkInclusion(suite, checked.head, Number(proof.index), model.logLeaf, path)).toBe(true);
  const leaf = parseLeaf(model.logLeaf);
  expect(leaf).toMatchObject({ type: 'model.released', data: { model_sha256: model.sha256 } });
  const roundLeaf = parseLeaf(world.leaves[Number(leaf.data['round_leaf'])]!);
  expect(roundLeaf.data['model_out']).toBe(model.sha256);
});

test('a coordinator that stops in the middle goes on from what was committed, to the same end (I7)', async () => {
  await submitAndApprove();
  let heard = 0;
  let cut = false;
  let stops = 0;
  agents.silent = () => {
    heard++;
    cut ||= heard % 7 === 0;
    return cut;
  };
  await until(async () => {
    if (cut) {
      for (const hospital of HOSPITALS) agents.disconnect(hospital);
      await startAgain();
      stops++;
      cut = false;
      for (const hospital of HOSPITALS) await agents.connect(hospital);
    }
    return (await phase()) === 'completed';
  });
  expect(stops).toBeGreaterThan(8);
  expect(world.failures).toEqual([]);
  expect(leafTypes().filter((type) => type === 'model.released')).toHaveLength(1);
  expect(leafTypes()).not.toContain('round.hospital_dropped');
});

test('a hospital that goes away in the middle is dropped, and the others finish', async () => {
  await submitAndApprove();
  agents.silent = (hospital, { kind }) => hospital === 'east' && kind === 'shares';
  await until(async () => (await phase()) === 'completed', 20_000);
  const dropped = world.leaves
    .map((leaf) => parseLeaf(leaf))
    .filter(({ type }) => type === 'round.hospital_dropped');
  expect(dropped[0]?.data).toMatchObject({ hospital: 4, phase: 'masked', cause: 'deadline' });
});

test('a message that its hospital refuses is not sent again, and the hospital sits the round out', async () => {
  await submitAndApprove();
  agents.refuses = (hospital, { kind }) =>
    hospital === 'west' && kind === 'round-offer' ? 'ROUND_STALE' : undefined;
  await until(async () => (await phase()) === 'completed', 20_000);
  const offers = agents.told.filter(
    ({ to, message }) => to === 'west' && message.kind === 'round-offer',
  );
  expect(offers).toHaveLength(4);
  expect(new Set(offers.map(({ id }) => id)).size).toBe(4);
});

test('an agent whose head is not the one we thought is asked again, and hears the message once it has said', async () => {
  await submitAndApprove();
  let closed = 0;
  agents.onClose = () => {
    closed++;
  };
  const first = new Set(HOSPITALS as readonly string[]);
  agents.refuses = (hospital, { kind }) =>
    kind === 'open' && first.delete(hospital) ? 'LOG_HEAD_REFUSED' : undefined;
  await until(async () => (await phase()) === 'completed');
  expect(closed).toBe(4);
  expect(leafTypes()).not.toContain('round.hospital_dropped');
});

test('what was not acknowledged is sent again on the next link, under the same number', async () => {
  await coordinator.app.studies.submit(author, manifestBytes(manifest));
  agents.silent = () => true;
  await agents.connect('north');
  await agents.settled();
  agents.disconnect('north');
  agents.silent = () => false;
  await agents.connect('north');
  await agents.settled();
  expect(agents.told.map(({ id, message }) => [id, message.kind])).toEqual([
    [agents.told[0]?.id, 'study-offer'],
    [agents.told[0]?.id, 'study-offer'],
  ]);
});

test('vectors that no sum came out of are deleted; those that were summed stay for the auditor', async () => {
  await submitAndApprove();
  await until(async () => (await phase()) === 'completed');
  const received = world.leaves
    .map((leaf) => parseLeaf(leaf))
    .filter(({ type }) => type === 'round.masked_update.received');
  expect(received).toHaveLength(16);
  for (const { data } of received)
    expect(world.blobs.has((data['upload'] as { sha256: string }).sha256)).toBe(true);
});

test('a vector is taken only from a hospital whose session awaits it, and only of the right size', async () => {
  const digest = 'ab'.repeat(32);
  const { blobs } = coordinator.app;
  expect(await codeOf(() => blobs.begin('north', digest, 100))).toBe('UPLOAD_UNEXPECTED');
  expect(await codeOf(() => blobs.append('north', digest, 0, new Uint8Array(1)))).toBe(
    'UPLOAD_UNEXPECTED',
  );
  expect(await codeOf(() => blobs.read('north', digest, 0))).toBe('BLOB_ABSENT');
  await submitAndApprove();
  agents.silent = (_, { kind }) => kind === 'shares';
  await until(() => agents.told.some(({ message }) => message.kind === 'shares'));
  expect(await codeOf(() => blobs.begin('north', digest, 99))).toBe('UPLOAD_UNEXPECTED');
});

test('a study that no hospital approved does not start', async () => {
  await coordinator.app.studies.submit(author, manifestBytes(manifest));
  const { studies } = coordinator.app;
  expect(await codeOf(() => studies.start(author, study))).toBe('STUDY_NOT_APPROVED');
  expect(await phase()).toBe('submitted');
  expect(leafTypes()).not.toContain('study.activated');
});

test('a hospital that withdraws is told in the view, and the rest goes on without it', async () => {
  agents.silent = (hospital) => hospital === 'east';
  await submitAndApprove();
  await agents.withdraw('east');
  await until(async () => (await phase()) === 'completed', 20_000);
  expect((await coordinator.app.studies.get(author, study)).refused).toEqual(['east']);
});

test('a manifest with a hospital nobody knows, another log, a bad layer or other keys is refused whole', async () => {
  const { studies } = coordinator.app;
  const before = world.leaves.length;
  const blobs = world.blobs.size;
  const [first, ...rest] = manifest.roster;
  const stranger = { ...manifest, roster: [{ ...first!, hospital: 'nowhere' }, ...rest] };
  const swapped = {
    ...manifest,
    roster: [
      { ...first!, identityKey: rest[0]!.identityKey, cosignerKey: first!.cosignerKey },
      ...rest,
    ],
  };
  const model = { ...(manifest.model as object), layers: [{ type: 'telepathy', units: 1 }] };
  const submit = (changed: typeof manifest) => () => studies.submit(author, manifestBytes(changed));
  expect(await codeOf(submit(stranger))).toBe('HOSPITAL_UNKNOWN');
  expect(await codeOf(submit(swapped))).toBe('MANIFEST_INVALID');
  expect(
    await codeOf(submit({ ...manifest, log: { origin: 'other.org/log', vkey: LOG_VKEY } })),
  ).toBe('MANIFEST_INVALID');
  expect(await codeOf(submit({ ...manifest, model }))).toBe('LAYER_UNKNOWN');
  expect(await codeOf(() => studies.submit(author, new Uint8Array([1, 2, 3])))).toBe(
    'ENCODING_INVALID',
  );
  expect(world.leaves).toHaveLength(before);
  expect(world.blobs.size).toBe(blobs);
});

test('a study is its author’s: the same submission is answered again, another of that name is refused', async () => {
  const { studies } = coordinator.app;
  const sent = await studies.submit(author, manifestBytes(manifest));
  expect(await studies.submit(author, manifestBytes(manifest))).toEqual(sent);
  const other = manifestBytes({ ...manifest, title: 'Another one' });
  expect(await codeOf(() => studies.submit(author, other))).toBe('STUDY_EXISTS');
  const rival = callerOf('researcher', 'r2');
  expect(await codeOf(() => studies.submit(rival, manifestBytes(manifest)))).toBe('STUDY_EXISTS');
  expect(await codeOf(() => studies.get(rival, study))).toBe('STUDY_UNKNOWN');
  expect(await codeOf(() => studies.cancel(rival, study))).toBe('STUDY_UNKNOWN');
  expect(await studies.list(rival)).toEqual([]);
  expect(await studies.list(callerOf('auditor', 'a1'))).toHaveLength(1);
  expect(await codeOf(() => studies.model(author, study))).toBe('MODEL_NOT_RELEASED');
  await studies.cancel(callerOf('operator', 'o1'), study);
  expect(await phase()).toBe('cancelled');
  expect(await codeOf(() => studies.cancel(author, study))).toBe('STUDY_ENDED');
});

test('who follows a study hears of each thing once, and hears the end', async () => {
  const { studies } = coordinator.app;
  await studies.submit(author, manifestBytes(manifest));
  const heard: string[] = [];
  const following = (async () => {
    for await (const { kind } of studies.watch(author, study, 0, new AbortController().signal))
      heard.push(kind);
  })();
  await agents.connect('north');
  await agents.approve('north');
  await studies.cancel(author, study);
  await following;
  expect(heard).toEqual(['submitted', 'approved', 'ended']);
});

test('an invite that was used, or has expired, lets nobody in, and leaves no leaf', async () => {
  const token = await inviteTo(coordinator, 'hospital', 'harbour', world.nowMs + DAY_MS);
  const csr = new Uint8Array([7]);
  const request = {
    token,
    kind: 'hospital',
    id: 'harbour',
    csr,
    keys: keysOf(9, 'harbour'),
  } as const;
  const late = await inviteTo(coordinator, 'hospital', 'lake', world.nowMs + 1);
  const before = world.leaves.length;
  expect(await codeOf(() => coordinator.app.enrol({ ...request, token: 'x'.repeat(43) }))).toBe(
    'INVITE_UNKNOWN',
  );
  expect(await codeOf(() => coordinator.app.enrol({ ...request, id: 'other' }))).toBe(
    'INVITE_UNKNOWN',
  );
  world.nowMs += 1_000;
  const lake = { ...request, token: late, id: 'lake', keys: keysOf(8, 'lake') };
  expect(await codeOf(() => coordinator.app.enrol(lake))).toBe('INVITE_EXPIRED');
  expect(world.leaves).toHaveLength(before);
  await coordinator.app.enrol(request);
  expect(await codeOf(() => coordinator.app.enrol(request))).toBe('INVITE_USED');
});

test('a certificate that was not issued here, or whose member left, is refused', async () => {
  const { app } = coordinator;
  const token = await inviteTo(coordinator, 'researcher', 'r1', world.nowMs + DAY_MS);
  const csr = new Uint8Array([1]);
  await app.enrol({ token, kind: 'researcher', id: 'r1', csr, keys: [] });
  const { certificate } = await world.around.authority.issue(
    csr,
    { kind: 'researcher', id: 'r1' },
    0,
  );
  const caller = { ...author, certificate: certificate.sha256 };
  expect(app.refuses(caller)).toBeUndefined();
  await app.renew(caller, new Uint8Array([2]));
  expect(app.refuses(caller)).toBeUndefined();
  expect(app.refuses({ ...caller, certificate: '00'.repeat(32) })).toBe('CERTIFICATE_REVOKED');
  await coordinator.remove('researcher', 'r1');
  expect(app.refuses(caller)).toBe('CERTIFICATE_REVOKED');
  expect(await codeOf(() => coordinator.remove('researcher', 'r1'))).toBe('MEMBER_UNKNOWN');
});

test('refusals become one leaf a minute, without addresses', async () => {
  for (let i = 0; i < 5; i++)
    coordinator.app.recordRefusal({ kind: 'tls', peer: '10.1.2.3', code: 'TLS_VERSION_REFUSED' });
  const unknown = {
    kind: 'ready',
    study: 'nosuch',
    round: 1,
    attempt: 1,
    engine: 'a/1.0.0',
  } as const;
  expect(await coordinator.app.agents.received('north', 1, unknown)).toEqual({
    kind: 'refused',
    code: 'STUDY_UNKNOWN',
  });
  world.nowMs += 61_000;
  await coordinator.tick();
  await coordinator.tick();
  const recorded = world.leaves
    .map((leaf) => parseLeaf(leaf))
    .filter(({ type }) => type === 'refusals.recorded');
  expect(recorded.map(({ data }) => data['items'])).toMatchObject([
    [
      { kind: 'login', peer: 'unknown', code: 'TLS_VERSION_REFUSED', count: 5 },
      { kind: 'protocol', peer: 'hospital/north', code: 'STUDY_UNKNOWN', count: 1 },
    ],
  ]);
});

test('an agent that has seen more of the log than there is shows that this database is an old copy', async () => {
  const head = { size: world.leaves.length + 5, root: 'aa'.repeat(32) };
  const link = { send: () => undefined, close: () => undefined };
  const connect = () =>
    coordinator.app.agents.connected('north', { software: 'test/0', head }, link);
  expect(await codeOf(connect)).toBe('LOG_BEHIND');
});

test('an export is a leaf of what it exports', async () => {
  const auditor = callerOf('auditor', 'a1');
  expect(
    await codeOf(() => Promise.resolve(coordinator.app.exportBundle(auditor, 'log', study))),
  ).toBe('EXTRACT_NOT_OFFERED');
  const paths: string[] = [];
  for await (const { path } of coordinator.app.exportBundle(
    callerOf('auditor', 'a1'),
    'log',
    undefined,
  ))
    paths.push(path);
  expect(paths).toHaveLength(world.leaves.length);
  expect(parseLeaf(world.leaves.at(-1)!)).toMatchObject({
    type: 'export.performed',
    data: { recipient: 'auditor/a1' },
  });
});

test('the status names members, studies and the log', async () => {
  await coordinator.app.studies.submit(author, manifestBytes(manifest));
  await agents.connect('north');
  const status = await coordinator.status();
  expect(status.members.map(({ id, connected }) => [id, connected])).toEqual([
    ['north', true],
    ['south', false],
    ['west', false],
    ['east', false],
  ]);
  expect(status.studies).toMatchObject([{ study, phase: 'submitted', step: 'approval' }]);
  expect(status.log).toMatchObject({ origin: ORIGIN, size: world.leaves.length });
});

test('hospitals are named to authors by their registered keys', async () => {
  const { hospitals } = await coordinator.app.studies.federation();
  expect(hospitals.map(({ id, identityKey }) => ({ hospital: id, identityKey }))).toEqual(
    manifest.roster.map(({ hospital, identityKey }) => ({ hospital, identityKey })),
  );
});
