/**
 * V10: each round's sets fit together, its survivors are those who agreed, and its model continues the last one.
 *
 * Source: secure-aggregation.md sections 4 and 6 (U0 ⊇ U1 ⊇ U2 ⊇ U3, T signatures over h3, one secret a hospital); audit-log.md
 * section 10. Leaves to others: the sum itself, which needs the uploads.
 */
import { hex, type Bytes } from '../../base/bytes.js';
import { canonicalJson, type Json } from '../../base/canonical-json.js';
import type { Suite } from '../../base/suite.js';
import type { Leaf } from '../leaf.js';
import {
  atLeaf,
  type AuditFinding,
  FindingList,
  inRound,
  MOST_AT_ONE_PLACE,
  shown,
} from './finding.js';
import type { Leaves } from './leaves.js';
import { cohortDigest, readSa1, transcriptOf, type Sa1Statement } from './sa1.js';
import type { Statements } from './statements.js';

/** A round under way, as far as the log has told. */
interface Round {
  readonly name: string;
  readonly offer: Leaf;
  readonly invited: ReadonlySet<number>;
  session?: Json | undefined;
  cohort: ReadonlySet<number>;
  readonly advertised: Map<number, Leaf>;
  readonly shared: Map<number, Leaf>;
  readonly uploaded: Map<number, Leaf>;
  readonly agreed: Map<number, Leaf>;
  readonly out: Set<number>;
  readonly forSurvivors: Set<number>;
  readonly forDropped: Set<number>;
  survivors: ReadonlySet<number>;
  u3?: Json | undefined;
}

export function checkRounds(
  suite: Suite,
  leaves: Leaves,
  statements: Statements,
): { readonly rounds: number; readonly findings: readonly AuditFinding[] } {
  const findings = new FindingList();
  const open = new Map<string, Round>();
  const approved = new Map<string, Map<number, string>>();
  const models = new Map<
    string,
    { readonly seq: number; readonly model: Json | undefined; readonly task: Json | undefined }
  >();
  const outputs = new Map<number, Json | undefined>();
  let rounds = 0;

  for (const leaf of leaves) {
    if (leaf?.study === undefined) continue;
    const { study, data, seq, type } = leaf;
    const hospital = Number(data['hospital']);
    const members = approved.get(study) ?? new Map<number, string>();
    approved.set(study, members);
    if (type === 'study.approved') members.set(hospital, statements.expiryAt(leaf) ?? '');
    if (type === 'study.withdrawn' || type === 'study.refused') members.delete(hospital);
    if (type === 'model.released') {
      const model = outputs.get(Number(data['round_leaf']));
      if (model !== data['model_sha256'])
        findings.push(brokenChain(leaf, data['model_sha256'], model, Number(data['round_leaf'])));
    }
    if (type === 'round.offered') {
      const round = startRound(leaf);
      open.set(study, round);
      rounds += 1;
      const last = models.get(study);
      if (last !== undefined && last.task === data['task'] && last.model !== data['model_in'])
        findings.push(brokenChain(leaf, data['model_in'], last.model, last.seq));
      const manifest = statements.manifestAt(leaf)?.sha256 ?? 'that is absent';
      findings.push(...checkInvited(round, leaf, members, manifest));
    }
    const round = open.get(study);
    if (round === undefined) continue;
    findings.push(...follow(suite, round, leaf, hospital));
    if (type === 'round.aggregated') {
      findings.push(...checkEnd(suite, round, leaf, statements));
      models.set(study, { seq, model: data['model_out'], task: round.offer.data['task'] });
      outputs.set(seq, data['model_out']);
    }
    if (type === 'round.aggregated' || type === 'round.aborted') open.delete(study);
  }
  for (const round of open.values())
    findings.push(
      inRound(
        'WARN',
        'A610',
        round.name,
        `opened at leaf ${String(round.offer.seq)}, neither aggregated nor aborted at the end of the log`,
      ),
    );
  return { rounds, findings: findings.all() };
}

function startRound(offer: Leaf): Round {
  return {
    name: `${offer.study ?? ''}/${String(offer.round)}.${shown(offer.data['attempt'])}`,
    offer,
    invited: new Set(numbers(offer.data['invited'])),
    cohort: new Set(),
    advertised: new Map(),
    shared: new Map(),
    uploaded: new Map(),
    agreed: new Map(),
    out: new Set(),
    forSurvivors: new Set(),
    forDropped: new Set(),
    survivors: new Set(),
  };
}

/** Nobody is invited without an approval that holds: `members` gives the end of each. */
function checkInvited(
  round: Round,
  leaf: Leaf,
  members: ReadonlyMap<number, string>,
  manifest: string,
): readonly AuditFinding[] {
  const without = first(round.invited, (member) => !members.has(member));
  // times have one form and width, so text order is time order
  const late = first(round.invited, (member) => (members.get(member) ?? leaf.time) < leaf.time);
  return [
    ...without.map((member) =>
      inRound(
        'FAIL',
        'A609',
        round.name,
        `hospital ${String(member)} took part without an approval of manifest ${manifest}`,
      ),
    ),
    ...late.map((member) =>
      atLeaf('A506', leaf.seq, `approval expired at ${shown(members.get(member))}`),
    ),
  ];
}

/** One leaf of a round against what stood before it. */
function follow(suite: Suite, round: Round, leaf: Leaf, hospital: number): readonly AuditFinding[] {
  const { data, type, seq } = leaf;
  const strange = (member: number, after: string): AuditFinding =>
    atLeaf(
      'A601',
      seq,
      `${type} of hospital ${String(member)} is not allowed after ${after} without it`,
    );
  if (leaf.round !== undefined && leaf.round !== round.offer.round)
    return [atLeaf('A601', seq, `${type} of another round is not allowed after round.offered`)];
  if (type === 'session.opened') round.session = data['session'];
  // an M6 may speak of an older session
  if (type !== 'session.abandoned' && (leaf.session ?? round.session) !== round.session)
    return [atLeaf('A601', seq, `${type} of another session is not allowed after session.opened`)];
  const outside = (set: { has(member: number): boolean }, after: string) =>
    set.has(hospital) ? [] : [strange(hospital, after)];
  switch (type) {
    case 'session.opened':
      round.cohort = new Set(numbers(data['cohort']));
      return first(round.cohort, (member) => !round.invited.has(member)).map((member) =>
        strange(member, 'round.offered'),
      );
    case 'round.keys_advertised':
      round.advertised.set(hospital, leaf);
      return outside(round.cohort, 'session.opened');
    case 'round.shares_distributed':
      round.shared.set(hospital, leaf);
      return outside(round.advertised, 'round.keys_advertised');
    case 'round.masked_update.received': {
      if (round.uploaded.has(hospital))
        return [
          atLeaf(
            'A602',
            seq,
            `second masked update of hospital ${String(hospital)} in session ${leaf.session ?? ''}`,
          ),
        ];
      round.uploaded.set(hospital, leaf);
      return outside(round.shared, 'round.shares_distributed');
    }
    case 'round.hospital_dropped':
    case 'session.abandoned':
      round.out.add(hospital);
      return [];
    case 'round.survivors_fixed': {
      const survivors = numbers(data['survivors']);
      round.survivors = new Set(survivors);
      round.u3 = data['u3_sha256'];
      return [
        ...(survivors.every((member) => round.uploaded.has(member))
          ? []
          : [inRound('FAIL', 'A603', round.name, 'survivors are not a subset of the uploads')]),
        ...otherSet(leaf, cohortDigest(suite, survivors), round.u3),
      ];
    }
    case 'round.survivors_agreed':
      round.agreed.set(hospital, leaf);
      return [
        ...outside(round.survivors, 'round.survivors_fixed'),
        ...otherSet(leaf, data['u3_sha256'], round.u3),
      ];
    case 'round.unmask_answered':
      for (const member of numbers(data['for_survivors'])) round.forSurvivors.add(member);
      for (const member of numbers(data['for_dropped'])) round.forDropped.add(member);
      return outside(round.survivors, 'round.survivors_fixed');
    default:
      return [];
  }
}

function checkEnd(
  suite: Suite,
  round: Round,
  leaf: Leaf,
  statements: Statements,
): readonly AuditFinding[] {
  const { data } = leaf;
  const { survivors, forSurvivors, forDropped } = round;
  const fail = (code: string, text: string) => inRound('FAIL', code, round.name, text);
  const findings: AuditFinding[] = [];
  if (canonicalJson([...survivors]) !== canonicalJson(numbers(data['survivors'])))
    findings.push(fail('A603', 'survivors are not those aggregated'));

  const manifest = statements.manifestAt(leaf);
  // T = ⌊(n + c) / 2⌋ + 1, n = |U1|: two survivor sets can never both gather T signatures
  const quorum = Math.floor((round.advertised.size + (manifest?.cAbs ?? 0)) / 2) + 1;
  const least = Math.max(quorum, manifest?.minSurvivors ?? 0);
  if (survivors.size < least)
    findings.push(
      fail('A603', `survivors are ${String(survivors.size)}, at least ${String(least)} needed`),
    );
  const agreed = [...round.agreed.keys()].filter((member) => survivors.has(member));
  if (agreed.length < quorum)
    findings.push(
      fail('A605', `${String(agreed.length)} survivor signatures, ${String(quorum)} needed`),
    );

  const dropped = new Set([...round.out, ...numbers(data['dropped'])]);
  for (const member of first(round.cohort, (one) => !survivors.has(one) && !dropped.has(one)))
    findings.push(fail('A604', `hospital ${String(member)} is neither survivor nor dropped`));

  // I3: for a survivor only the self-mask, for the others only the mask key
  const exposed = new Set([
    ...[...forSurvivors].filter((member) => forDropped.has(member) || !survivors.has(member)),
    ...[...forDropped].filter((member) => survivors.has(member)),
  ]);
  for (const member of first(exposed, () => true))
    findings.push(fail('A607', `both secrets of hospital ${String(member)} were revealed`));
  if (data['model_in'] !== round.offer.data['model_in'])
    findings.push(
      brokenChain(leaf, data['model_in'], round.offer.data['model_in'], round.offer.seq),
    );
  return [...findings, ...checkTranscripts(suite, round)];
}

/** What the members signed of each other: all saw the same M0, M1 and M2, and h3 binds exactly this survivor set. */
function checkTranscripts(suite: Suite, round: Round): readonly AuditFinding[] {
  const h1 = transcriptOf(suite, 'h1', undefined, statementsOf(round.advertised, 'advertise'));
  const h2 = transcriptOf(suite, 'h2', h1, statementsOf(round.shared, 'share'));
  const masked = statementsOf(round.uploaded, 'masked');
  const h3 = transcriptOf(
    suite,
    'h3',
    h2,
    masked.filter(({ header }) => round.survivors.has(header.sender)),
  );
  const compare = (
    leavesOf: ReadonlyMap<number, Leaf>,
    kind: string,
    name: 'h1' | 'h2' | 'h3',
    want: Bytes,
  ) =>
    [...leavesOf.values()].flatMap((leaf) => {
      const says = statementOf(leaf, kind)?.body[name];
      if (says === undefined || says === hex(want)) return [];
      return [atLeaf('A504', leaf.seq, `statement says ${name}=${says}, leaf says ${hex(want)}`)];
    });
  return [
    ...compare(round.shared, 'share', 'h1', h1),
    ...compare(round.uploaded, 'masked', 'h2', h2),
    ...compare(round.agreed, 'agree', 'h2', h2),
    ...compare(round.agreed, 'agree', 'h3', h3),
  ];
}

function statementsOf(leavesOf: ReadonlyMap<number, Leaf>, kind: string): readonly Sa1Statement[] {
  return [...leavesOf.values()].flatMap((leaf) => statementOf(leaf, kind) ?? []);
}

function statementOf(leaf: Leaf, kind: string): Sa1Statement | undefined {
  return leaf.signed.map(readSa1).find((statement) => statement?.kind === kind);
}

function otherSet(leaf: Leaf, says: Json | undefined, fixed: Json | undefined) {
  return says === fixed
    ? []
    : [
        atLeaf(
          'A504',
          leaf.seq,
          `statement says u3_sha256=${shown(says)}, leaf says ${shown(fixed)}`,
        ),
      ];
}

function brokenChain(
  leaf: Leaf,
  is: Json | undefined,
  was: Json | undefined,
  at: number,
): AuditFinding {
  return atLeaf(
    'A608',
    leaf.seq,
    `model_in ${shown(is)} is not the model_out ${shown(was)} of leaf ${String(at)}`,
  );
}

/** Those of a set of which it holds: the first few, because a hostile set may be long. */
function first(set: ReadonlySet<number>, holds: (member: number) => boolean): readonly number[] {
  const found: number[] = [];
  for (const member of set) {
    if (found.length === MOST_AT_ONE_PLACE) break;
    if (holds(member)) found.push(member);
  }
  return found;
}

function numbers(value: Json | undefined): readonly number[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : [];
}
