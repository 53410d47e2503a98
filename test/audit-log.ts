/**
 * A small federation's log in memory: real leaves, real statements, keys from fixed test seeds.
 *
 * `change` may alter or drop any leaf before it is written, as a dishonest coordinator could: the log is then signed all the same.
 */
import {
  appendLeafHash,
  base64,
  canonicalBytes,
  cohortHash,
  EMPTY_TREE,
  formatVkey,
  hex,
  prepareTransition,
  rfc3339,
  rootOf,
  signApproval,
  signCheckpoint,
  signEnvelope,
  signKeyStatement,
  signStatement,
  transcript1,
  transcript2,
  transcript3,
  verifierKey,
  peekStatement,
  type Bytes,
  type Envelope,
  type Header,
  type JsonObject,
  type KeyRole,
  type LeafDraft,
  type TreeState,
  type VerifierKey,
} from '@plexus/core';
import { cosignSeed, digestOf, identitySeed, nameOf, suite } from './audit-seeds.ts';

export const ORIGIN = 'coord.example.org/plexus/onco';
export const LOG_SEED: Bytes = new Uint8Array(32).fill(200);
const STUDY = 'heart-07';
const BUILD = { version: '0.1.0', build_sha256: digestOf('build') };
const HOSPITALS = [1, 2, 3, 4] as const;

export const LOG_KEY: VerifierKey = verifierKey(suite, ORIGIN, 1, suite.ed25519PublicKey(LOG_SEED));

export type Change = (draft: LeafDraft, seq: number) => LeafDraft | readonly LeafDraft[];

export interface Log {
  tree: TreeState;
  readonly entries: Bytes[];
  readonly hashes: Bytes[];
  readonly checkpoints: Map<number, Bytes>;
  readonly nodes: Map<string, Bytes>;
  readonly next: Map<string, number>;
  readonly change: Change;
  /** Study manifests by digest: what goes to trust/manifests. */
  readonly manifests: Map<string, Bytes>;
  /** Milliseconds of the next leaf. */
  clock: number;
  /** The root that hospitals were shown instead of this log's, hex. */
  readonly told?: string;
}

export function startLog(change: Change = (draft) => draft, told?: string): Log {
  return {
    ...(told === undefined ? {} : { told }),
    tree: EMPTY_TREE,
    entries: [],
    hashes: [],
    checkpoints: new Map(),
    nodes: new Map(),
    next: new Map(),
    manifests: new Map(),
    change,
    clock: 1_772_446_504_120,
  };
}

export function append(log: Log, machine: string, draft: LeafDraft): void {
  const changed = log.change(draft, log.tree.size);
  for (const one of Array.isArray(changed) ? changed : [changed])
    write(log, machine, one as LeafDraft);
}

function write(log: Log, machine: string, draft: LeafDraft): void {
  const seq = log.tree.size;
  const n = log.next.get(machine) ?? 0;
  log.next.set(machine, n + 1);
  log.clock += 250;
  const prepared = prepareTransition(
    suite,
    { machine, n, input: { seq }, state: { seq }, effects: [{ kind: 'leaf', leaf: draft }] },
    {
      seq,
      log: ORIGIN,
      time: rfc3339(log.clock),
      salt: `${String(seq).padStart(6, 'A')}${'A'.repeat(16)}`,
      source: { system: 'plexus-coordinator', ...BUILD, node: 'c1' },
    },
  );
  keepLeaf(log, prepared.leaf, prepared.leafHash);
}

export function keepLeaf(log: Log, leaf: Bytes, hash: Bytes): void {
  const { tree, completed } = appendLeafHash(suite, log.tree, hash);
  log.tree = tree;
  log.entries.push(leaf);
  log.hashes.push(hash);
  for (const node of completed)
    log.nodes.set(`${String(node.level)}/${String(node.index)}`, node.hash);
}

export function checkpointOf(log: Log, seed: Bytes = LOG_SEED): Bytes {
  return signCheckpoint(
    suite,
    ORIGIN,
    { size: BigInt(log.tree.size), root: rootOf(suite, log.tree) },
    seed,
  );
}

const COORDINATOR: JsonObject = { kind: 'coordinator', id: 'coordinator', authn: 'local' };
const actorOf = (index: number): JsonObject => ({
  kind: 'hospital',
  id: `hospital/${nameOf(index)}`,
  authn: 'mtls',
});

export function genesis(log: Log): void {
  append(log, 'federation', {
    type: 'log.genesis',
    action: 'C',
    outcome: 'success',
    actor: COORDINATOR,
    data: {
      origin: ORIGIN,
      vkeys: [formatVkey(LOG_KEY)],
      software: { package: 'plexus-coordinator', ...BUILD },
    },
  });
}

export function enrol(log: Log, index: number): void {
  const hospital = nameOf(index);
  append(log, 'federation', {
    type: 'site.enrolled',
    action: 'C',
    outcome: 'success',
    actor: actorOf(index),
    data: {
      hospital,
      certificate_sha256: digestOf(`cert ${hospital}`),
      invite_sha256: digestOf(`invite ${hospital}`),
    },
  });
  registerKey(log, index, 'statement', identitySeed(index));
  registerKey(log, index, 'cosign', cosignSeed(index));
}

export function registerKey(log: Log, index: number, role: KeyRole, own: Bytes): void {
  const hospital = nameOf(index);
  const key = verifierKey(suite, hospital, role === 'cosign' ? 4 : 1, suite.ed25519PublicKey(own));
  const vkey = formatVkey(key);
  const statement = { hospital, role, vkey, validFrom: rfc3339(log.clock) };
  append(log, 'federation', {
    type: 'site.key_registered',
    action: 'C',
    outcome: 'success',
    actor: actorOf(index),
    signed: [signKeyStatement(suite, statement, { identity: identitySeed(index), own })],
    data: { hospital, role, vkey },
  });
}

export const MANIFEST: Bytes = canonicalBytes({
  v: 1,
  study: STUDY,
  log: { origin: ORIGIN, vkey: formatVkey(LOG_KEY) },
  tasks: [{ kind: 'train' }],
  roster: HOSPITALS.map((index) => ({
    index,
    hospital: nameOf(index),
    identityKey: base64(suite.ed25519PublicKey(identitySeed(index))),
    cosignerKey: base64(suite.ed25519PublicKey(cosignSeed(index))),
  })),
  secagg: { cAbs: 1, minSurvivors: 3 },
});
export const MANIFEST_SHA256: string = hex(suite.sha256(MANIFEST));

export function submitAndApprove(log: Log): void {
  log.manifests.set(MANIFEST_SHA256, MANIFEST);
  append(log, `study/${STUDY}`, {
    type: 'study.submitted',
    action: 'C',
    outcome: 'success',
    actor: { kind: 'researcher', id: 'researcher/r1', authn: 'mtls' },
    study: STUDY,
    data: {
      manifest_sha256: MANIFEST_SHA256,
      purpose: 'HRESCH',
      roster_sha256: digestOf('roster'),
      privacy: { mode: 'none' },
      data_classes: ['health'],
    },
  });
  for (const index of HOSPITALS)
    append(log, `study/${STUDY}`, {
      type: 'study.approved',
      action: 'E',
      outcome: 'success',
      actor: actorOf(index),
      study: STUDY,
      signed: [approvalOf(index)],
      data: { hospital: index, manifest_sha256: MANIFEST_SHA256 },
    });
  append(
    log,
    `study/${STUDY}`,
    inStudy('study.activated', 'U', { manifest_sha256: MANIFEST_SHA256 }),
  );
}

export function approvalOf(
  index: number,
  expires = '2027-01-01T00:00:00.000Z',
  scope: readonly string[] = ['train'],
  person: Bytes = new Uint8Array(32).fill(50 + index),
): Envelope {
  return signApproval(
    suite,
    {
      study: STUDY,
      hospital: nameOf(index),
      document: MANIFEST_SHA256,
      signer: 'person:abcdefgh234567ab',
      role: 'data-steward',
      signedAt: '2026-03-01T00:00:00.000Z',
      meaning: 'approval',
      scope,
      expires,
    },
    { person, identity: identitySeed(index) },
  );
}

export function inStudy(type: string, action: LeafDraft['action'], data: JsonObject): LeafDraft {
  return { type, action, outcome: 'success', actor: COORDINATOR, study: STUDY, data };
}

type SignedKind = 'advertise' | 'share' | 'masked' | 'agree';

/** One whole round in which hospital 4 falls silent before its vector. */
export function runRound(log: Log, round: number, modelIn: string, modelOut: string): void {
  const machine = `study/${STUDY}`;
  const session = digestOf(`session ${String(round)}`);
  const layout = digestOf('layout');
  const inRound = (
    type: string,
    action: LeafDraft['action'],
    data: JsonObject,
    more: Partial<LeafDraft> = {},
  ) => {
    append(log, machine, { ...inStudy(type, action, data), round, ...more });
  };
  inRound('round.offered', 'E', {
    task: 0,
    attempt: 1,
    model_in: modelIn,
    layout_sha256: layout,
    suite: 'SA1.1',
    invited: [...HOSPITALS],
    roster_sha256: digestOf('roster'),
    deadline: rfc3339(log.clock + 60_000),
  });
  for (const hospital of HOSPITALS)
    inRound('round.ready', 'E', { hospital, engine: 'wasm/4.22.0' }, { actor: actorOf(hospital) });
  const head = { size: log.tree.size, root: log.told ?? hex(rootOf(suite, log.tree)) };
  const cohort = { session, cohort: [...HOSPITALS], c_abs: 1, min_cohort: 4, min_survivors: 3 };
  inRound('session.opened', 'E', cohort, { session });

  const header = (sender: number): Header => ({
    suite: 'SA1.1',
    study: STUDY,
    session,
    round,
    manifestHash: MANIFEST_SHA256,
    modelHash: modelIn,
    layoutHash: layout,
    sender,
    head,
  });
  const signerOf = (index: number) => ({
    keyid: base64(suite.ed25519PublicKey(identitySeed(index))),
    seed: identitySeed(index),
  });
  const byHospital = (
    type: string,
    action: LeafDraft['action'],
    index: number,
    signed: readonly Envelope[],
    data: JsonObject,
  ) => {
    inRound(type, action, { hospital: index, ...data }, { session, actor: actorOf(index), signed });
  };
  const payloads = <K extends SignedKind>(kind: K, envelopes: readonly Envelope[]) =>
    envelopes.map((envelope) => {
      const statement = peekStatement(kind, envelope);
      if (statement.kind === 'refused') throw new Error('fixture: expected a statement');
      return statement;
    });

  const m0 = HOSPITALS.map((index) =>
    signStatement(suite, signerOf(index), 'advertise', header(index), {
      cPublic: digestOf(`c ${String(index)}`),
      sPublic: digestOf(`s ${String(index)}`),
      nonce: digestOf(`nonce ${String(index)}`),
      cohortHash: digestOf('cohort'),
      previous: [],
    }),
  );
  m0.forEach((envelope, i) => {
    byHospital('round.keys_advertised', 'C', i + 1, [envelope], {});
  });
  const h1 = transcript1(suite, payloads('advertise', m0));
  const lists = HOSPITALS.map((index) => digestOf(`list ${String(index)}`));
  const m1 = HOSPITALS.map((index, i) =>
    signStatement(suite, signerOf(index), 'share', header(index), {
      h1: hex(h1),
      listHash: lists[i] ?? '',
      commitB: digestOf(`b ${String(index)}`),
    }),
  );
  m1.forEach((envelope, i) => {
    byHospital('round.shares_distributed', 'C', i + 1, [envelope], { list_sha256: lists[i] });
  });
  const h2 = transcript2(suite, h1, payloads('share', m1));
  const survivors = [1, 2, 3];
  const m2 = survivors.map((index) =>
    signStatement(suite, signerOf(index), 'masked', header(index), {
      h2: hex(h2),
      byteLength: 400,
      vectorHash: digestOf(`y ${String(round)} ${String(index)}`),
    }),
  );
  m2.forEach((envelope, i) => {
    const index = i + 1;
    const [statement] = payloads('masked', [envelope]);
    const m2_sha256 = hex(suite.sha256(statement?.payload ?? new Uint8Array(0)));
    const contribution = canonicalBytes({
      v: 1,
      m2_sha256,
      study: STUDY,
      round,
      session,
      attempt: 1,
    });
    const type = 'application/vnd.plexus.contribution.v1+json';
    byHospital(
      'round.masked_update.received',
      'C',
      index,
      [envelope, signEnvelope(suite, type, contribution, signerOf(index))],
      {
        upload: { sha256: digestOf(`y ${String(round)} ${String(index)}`), bytes: 400, words: 100 },
      },
    );
  });
  inRound(
    'round.hospital_dropped',
    'E',
    { hospital: 4, phase: 'masked', cause: 'deadline' },
    { session },
  );
  const u3 = { u3_sha256: hex(cohortHash(suite, survivors)) };
  inRound('round.survivors_fixed', 'E', { survivors, dropped: [4], ...u3 }, { session });
  const h3 = hex(transcript3(suite, h2, payloads('masked', m2)));
  for (const index of survivors)
    byHospital(
      'round.survivors_agreed',
      'E',
      index,
      [signStatement(suite, signerOf(index), 'agree', header(index), { h2: hex(h2), h3 })],
      u3,
    );
  for (const index of survivors)
    byHospital('round.unmask_answered', 'E', index, [], {
      for_survivors: survivors,
      for_dropped: [4],
      answer_sha256: digestOf(`answer ${String(round)} ${String(index)}`),
    });
  inRound(
    'round.aggregated',
    'C',
    {
      survivors,
      dropped: [4],
      sum_sha256: digestOf(`sum ${String(round)}`),
      model_in: modelIn,
      model_out: modelOut,
      metrics: { auc: '0.8912', loss: '0.4' },
    },
    { session },
  );
}

/** Enrolment, approval, two rounds, release: what `plexus-audit` is pointed at after a study. */
export function heartLog(change?: Change, told?: string): Log {
  const log = startLog(change, told);
  genesis(log);
  for (const index of HOSPITALS) enrol(log, index);
  submitAndApprove(log);
  const models = ['model 0', 'model 1', 'model 2'].map(digestOf);
  runRound(log, 1, models[0] ?? '', models[1] ?? '');
  log.checkpoints.set(log.tree.size, checkpointOf(log));
  runRound(log, 2, models[1] ?? '', models[2] ?? '');
  append(
    log,
    `study/${STUDY}`,
    inStudy('model.released', 'C', { model_sha256: models[2], round_leaf: log.tree.size - 1 }),
  );
  append(
    log,
    `study/${STUDY}`,
    inStudy('study.closed', 'U', { manifest_sha256: MANIFEST_SHA256, result: 'completed' }),
  );
  return log;
}
