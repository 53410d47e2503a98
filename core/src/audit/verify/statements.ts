/**
 * V8: what a leaf says of a hospital or a person is what they signed, with the key they had registered, once.
 *
 * Source: audit-log.md sections 3.9 and 6. The coordinator writes the leaves and may lie in each; it cannot sign for a hospital.
 * Leaves to others: whether the statements together make a legal round (rounds.ts).
 */
import { base64, fromBase64, hex } from '../../base/bytes.js';
import { parseCanonical, type JsonObject } from '../../base/canonical-json.js';
import { verifyEnvelope, type Envelope } from '../../base/dsse.js';
import type { Suite } from '../../base/suite.js';
import type { Leaf } from '../leaf.js';
import { isObject } from '../shape.js';
import { formatVkey, type VerifierKey } from '../vkey.js';
import type { BundleReader } from './files.js';
import { atLeaf, type AuditFinding, FindingList, shown } from './finding.js';
import { publicKeyOf, type Keyring } from './keys.js';
import type { Leaves } from './leaves.js';
import { readManifest, type AuditedManifest } from './manifests.js';
import { readSa1, rootText, type Sa1Statement } from './sa1.js';
import type { VerifiedTree } from './tree-files.js';

/** Payload types that a leaf of the type must carry; for `study.refused` one of the two decisions. */
const REQUIRED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'study.approved': [['approval']],
  'study.refused': [['withdrawal', 'approval']],
  'study.withdrawn': [['withdrawal']],
  'round.keys_advertised': [['sa1.advertise']],
  'round.shares_distributed': [['sa1.share']],
  'round.masked_update.received': [['sa1.masked'], ['contribution']],
  'round.survivors_agreed': [['sa1.agree']],
  'round.complaint': [['sa1.complaint']],
  'session.abandoned': [['sa1.abandon']],
  'cohort.recorded': [['cohort']],
};

export interface Statements {
  /** The manifest that applied at a leaf. */
  readonly manifestAt: (leaf: Leaf) => AuditedManifest | undefined;
  /** When the approval in a leaf study.approved ends; undefined if it is none. */
  readonly expiryAt: (leaf: Leaf) => string | undefined;
  readonly verified: number;
}

/** What the statements refer to: the log as its leaves give it. */
export type History = Pick<VerifiedTree, 'hashes' | 'rootAt'>;

export function checkStatements(
  suite: Suite,
  reader: BundleReader,
  leaves: Leaves,
  keys: Keyring,
  log: VerifierKey,
  tree: History,
): { readonly statements: Statements; readonly findings: readonly AuditFinding[] } {
  const findings = new FindingList();
  const manifests = new Map<string, AuditedManifest | undefined>();
  const current = new Map<string, AuditedManifest | undefined>();
  const byLeaf = new Map<number, AuditedManifest>();
  const expiries = new Map<number, string>();
  const used = new Map<string, number>();
  const offers = new Map<string, Leaf>();
  let verified = 0;

  for (const leaf of leaves) {
    if (leaf?.study === undefined) continue;
    const { study, data, seq } = leaf;
    if (leaf.type === 'study.submitted' || leaf.type === 'study.amended') {
      const sha256 = shown(data['manifest_sha256']);
      if (!manifests.has(sha256)) manifests.set(sha256, readManifest(suite, reader, sha256));
      const manifest = manifests.get(sha256);
      current.set(study, manifest);
      findings.push(...checkManifest(leaf, manifest, log));
    }
    if (leaf.type === 'round.offered') offers.set(study, leaf);
    const manifest = current.get(study);
    if (manifest !== undefined) byLeaf.set(seq, manifest);
    const required = REQUIRED[leaf.type];
    if (required === undefined) continue;
    const member = manifest?.members.get(Number(data['hospital']));
    if (manifest === undefined || member === undefined) {
      findings.push(absent(leaf, 'manifest'));
      continue;
    }
    findings.push(
      ...differences(leaf, [['hospital', `hospital/${member.hospital}`, leaf.actor['id']]]),
    );
    for (const kinds of required)
      if (!leaf.signed.some(({ payloadType }) => kinds.includes(kindOf(payloadType))))
        findings.push(absent(leaf, kinds[0] ?? ''));
    const unfit = keys.refusal(member.identityKey, 'statement', member.hospital, seq);
    if (unfit !== undefined) findings.push(atLeaf('A503', seq, unfit));
    const identity = publicKeyOf(member.identityKey);
    if (identity === undefined || !suite.ed25519KeyIsStrict(identity)) {
      findings.push(atLeaf('A502', seq, `key of ${member.hospital} is not strict Ed25519`));
      continue;
    }
    // those beyond the required ones too: nothing may stand there in a hospital's name that it did not sign
    for (const envelope of leaf.signed) {
      const kind = kindOf(envelope.payloadType);
      const print = `${kind} ${hex(suite.sha256(fromBase64(envelope.payload)))}`;
      const before = used.get(print);
      if (before !== undefined)
        findings.push(atLeaf('A507', seq, `statement already used at leaf ${String(before)}`));
      used.set(print, seq);
      const decision = kind === 'approval' || kind === 'withdrawal';
      if (!verifyEnvelope(suite, envelope, identity, decision ? 1 : 0)) {
        findings.push(
          atLeaf('A501', seq, `signature of ${member.hospital} over ${kind} does not verify`),
        );
        continue;
      }
      verified += 1;
      if (decision) {
        const expires = readJson(envelope)?.['expires'];
        if (leaf.type === 'study.approved' && typeof expires === 'string')
          expiries.set(seq, expires);
        findings.push(...checkDecision(suite, leaf, envelope, member.hospital, manifest, keys));
      } else if (kind === 'contribution')
        findings.push(...checkContribution(suite, leaf, envelope, offers.get(study), tree));
      else if (kind.startsWith('sa1.'))
        findings.push(
          ...checkSa1(leaf, envelope, manifest.sha256, offers.get(study)?.data, tree.rootAt),
        );
    }
  }
  const statements = {
    manifestAt: (leaf: Leaf) => byLeaf.get(leaf.seq),
    expiryAt: (leaf: Leaf) => expiries.get(leaf.seq),
    verified,
  };
  return { statements, findings: findings.all() };
}

/** The document that the hospitals approve is there, is of this study, and pins this log's key: so the coordinator cannot swap it. */
function checkManifest(
  leaf: Leaf,
  manifest: AuditedManifest | undefined,
  log: VerifierKey,
): readonly AuditFinding[] {
  if (manifest === undefined) return [absent(leaf, 'manifest')];
  return differences(leaf, [
    ['study', manifest.study, leaf.study],
    ['log', manifest.logKey, formatVkey(log)],
  ]);
}

/** Header and body of an M0 to M6 against the leaf, the offer and the log's own history. */
function checkSa1(
  leaf: Leaf,
  envelope: Envelope,
  manifestHash: string,
  offered: JsonObject | undefined,
  rootAt: History['rootAt'],
): readonly AuditFinding[] {
  const statement = readSa1(envelope);
  if (statement === undefined) return [absent(leaf, kindOf(envelope.payloadType))];
  const { header, body } = statement;
  const { data } = leaf;
  const upload = isObject(data['upload']) ? data['upload'] : {};
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['study', header.study, leaf.study],
    ['session', header.session, leaf.session],
    ['round', header.round, leaf.round],
    ['sender', header.sender, data['hospital']],
    ['manifest', header.manifestHash, manifestHash],
    // without an offer the order of phases is wrong, which V9 says
    ...(offered === undefined
      ? []
      : ([
          ['model', header.modelHash, offered['model_in']],
          ['layout', header.layoutHash, offered['layout_sha256']],
        ] as const)),
    ...(statement.kind === 'share' ? [['list', body.listHash, data['list_sha256']] as const] : []),
    ...(statement.kind === 'masked'
      ? ([
          ['vector', body.vectorHash, upload['sha256']],
          ['bytes', body.byteLength, upload['bytes']],
        ] as const)
      : []),
  ];
  return [...differences(leaf, pairs), ...checkHead(leaf, statement, rootAt)];
}

/** The head a hospital named is one this log had: what the hospital saw is what the auditor sees (I11). */
function checkHead(
  leaf: Leaf,
  statement: Sa1Statement,
  rootAt: History['rootAt'],
): readonly AuditFinding[] {
  const { head, sender } = statement.header;
  const known = head.size <= BigInt(leaf.seq) && hex(rootAt(Number(head.size))) === hex(head.root);
  if (known) return [];
  const who = `hospital ${String(sender)}`;
  return [
    atLeaf(
      'A505',
      leaf.seq,
      `head ${rootText(statement.header)} named by ${who} is not in this log's history`,
    ),
  ];
}

function checkDecision(
  suite: Suite,
  leaf: Leaf,
  envelope: Envelope,
  hospital: string,
  manifest: AuditedManifest,
  keys: Keyring,
): readonly AuditFinding[] {
  const kind = kindOf(envelope.payloadType);
  const statement = readJson(envelope);
  if (statement === undefined) return [absent(leaf, kind)];
  const findings = [
    ...differences(leaf, [
      ['study', statement['study'], leaf.study],
      ['hospital', statement['hospital'], hospital],
    ]),
  ];
  const name = shown(statement['approvalKey']);
  const person = publicKeyOf(name);
  // A305: whoever runs the agent alone could approve in a person's name, were it one of the machine's keys
  if (keys.isKnown(name)) {
    const unfit = keys.refusal(name, 'approval', hospital, leaf.seq);
    if (unfit !== undefined) findings.push(atLeaf('A503', leaf.seq, unfit));
  }
  if (person === undefined || !verifyEnvelope(suite, envelope, person, 0))
    findings.push(atLeaf('A501', leaf.seq, `signature of person over ${kind} does not verify`));
  if (
    statement['document'] !== leaf.data['manifest_sha256'] ||
    statement['document'] !== manifest.sha256
  )
    findings.push(atLeaf('A506', leaf.seq, 'approval of another manifest'));
  if (leaf.type !== 'study.approved') return findings;
  const { expires, meaning, scope } = statement;
  if (!(typeof expires === 'string' && leaf.time < expires))
    findings.push(atLeaf('A506', leaf.seq, `approval expired at ${timeOr(expires)}`));
  const allowed: readonly unknown[] = Array.isArray(scope) ? scope : [];
  if (meaning !== 'approval' || manifest.tasks.some((task) => !allowed.includes(task)))
    findings.push(atLeaf('A506', leaf.seq, 'approval out of scope'));
  return findings;
}

/** Fields of the contribution that the leaf repeats, the M2 beside it, and the offer that the hospital accepted: the one in this log. */
function checkContribution(
  suite: Suite,
  leaf: Leaf,
  envelope: Envelope,
  offer: Leaf | undefined,
  { hashes }: History,
): readonly AuditFinding[] {
  const statement = readJson(envelope);
  if (statement === undefined) return [absent(leaf, 'contribution')];
  const masked = leaf.signed.find(({ payloadType }) => kindOf(payloadType) === 'sa1.masked');
  const m2 = masked === undefined ? undefined : hex(suite.sha256(fromBase64(masked.payload)));
  const repeated = (['study', 'round', 'session'] as const).filter((key) => key in statement);
  const accepted = isObject(statement['offer']) ? statement['offer'] : undefined;
  const hash = offer === undefined ? undefined : hashes[offer.seq];
  return differences(leaf, [
    ['m2_sha256', statement['m2_sha256'], m2],
    ...repeated.map((key) => [key, statement[key], leaf[key]] as const),
    // without an offer the order of phases is wrong, which V9 says
    ...(accepted === undefined || offer === undefined || hash === undefined
      ? []
      : ([
          ['offer', accepted['seq'], offer.seq],
          ['offer', accepted['leaf'], base64(hash)],
          ['attempt', statement['attempt'], offer.data['attempt']],
        ] as const)),
  ]);
}

function differences(
  leaf: Leaf,
  pairs: readonly (readonly [string, unknown, unknown])[],
): readonly AuditFinding[] {
  return pairs
    .filter(([, says, has]) => says !== has)
    .map(([field, says, has]) =>
      atLeaf('A504', leaf.seq, `statement says ${field}=${shown(says)}, leaf says ${shown(has)}`),
    );
}

function absent(leaf: Leaf, kind: string): AuditFinding {
  return atLeaf('A508', leaf.seq, `required statement ${kind} is absent`);
}

/** `sa1.masked` of `application/vnd.plexus.sa1.masked.v1`, `approval` of `….approval.v1+json`. */
function kindOf(payloadType: string): string {
  return /^application\/vnd\.plexus\.([a-z0-9.-]+)\.v1(?:\+json)?$/.exec(payloadType)?.[1] ?? '';
}

function readJson(envelope: Envelope): JsonObject | undefined {
  try {
    const value = parseCanonical(fromBase64(envelope.payload));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // peer-controlled: no canonical JSON
  }
}

function timeOr(value: unknown): string {
  return typeof value === 'string' && /^[0-9TZ:.-]{1,30}$/.test(value) ? value : 'no time';
}
