/**
 * The log that the coordinator's own study machine writes, against hospitals that keep the protocol: what the verifier must accept
 * without knowing how the machine works.
 */
import {
  formatVkey,
  hex,
  rfc3339,
  rootOf,
  signKeyStatement,
  verifierKey,
  type KeyRole,
} from '@plexus/core';
import { fastSuite as suite } from '../../../fast-suite.ts';
import type { Manifest } from '../../../../core/src/study/manifest.ts';
import { manifestBytes, manifestDigest } from '../../../../core/src/study/parse.ts';
import { append, genesis, startLog, LOG_KEY, ORIGIN, type Log } from '../../../audit-log.ts';
import { createFederation, type Federation } from '../../round/coordinator/federation.ts';
import { HOSPITALS, keySeed, smallManifest } from '../../round/study.ts';

export const manifest: Manifest = {
  ...smallManifest(),
  log: { origin: ORIGIN, vkey: formatVkey(LOG_KEY) },
};

/** A federation whose study is approved by all; `log` grows as it runs. */
export function approvedStudy(): { readonly log: Log; readonly federation: Federation } {
  const log = startLog();
  genesis(log);
  for (const [i, hospital] of HOSPITALS.entries())
    for (const role of ['statement', 'cosign'] as const) register(log, i + 1, hospital, role);
  log.manifests.set(manifestDigest(suite, manifest), manifestBytes(manifest));
  const federation = createFederation(manifest, {
    keep: (draft, nowMs) => {
      log.clock = Math.max(log.clock, nowMs - 250);
      append(log, `study/${manifest.study}`, draft);
      const seq = log.tree.size - 1;
      return { seq, leaf: log.entries[seq]! };
    },
    head: () => ({ size: log.tree.size, root: hex(rootOf(suite, log.tree)) }),
  });
  federation.nowMs = log.clock;
  federation.submit();
  for (const hospital of HOSPITALS) federation.decide(hospital);
  return { log, federation };
}

function register(log: Log, index: number, hospital: string, role: KeyRole): void {
  const identity = keySeed(index, 'identity');
  const own = role === 'cosign' ? keySeed(index, 'cosigner') : identity;
  const publicKey = suite.ed25519PublicKey(own);
  const vkey = formatVkey(verifierKey(suite, hospital, role === 'cosign' ? 4 : 1, publicKey));
  const statement = { hospital, role, vkey, validFrom: rfc3339(log.clock) };
  append(log, 'federation', {
    type: 'site.key_registered',
    action: 'C',
    outcome: 'success',
    actor: { kind: 'hospital', id: `hospital/${hospital}`, authn: 'mtls' },
    signed: [signKeyStatement(suite, statement, { identity, own })],
    data: { hospital, role, vkey },
  });
}
