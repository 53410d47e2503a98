/**
 * What a session in phase `summing` has to subtract: every needed secret is rebuilt and checked.
 *
 * Every release was compared with what was dealt before it was taken (release.ts), so a secret that comes out wrong convicts its dealer.
 * No vector is needed yet. Source: secure-aggregation.md 4.6, step 2, and the masks of step 3.
 * Leaves to others: adding vectors and masks, decoding and check words (sum.ts).
 */
import { fromHex, type Bytes } from '../../base/bytes.js';
import { parseCanonical } from '../../base/canonical-json.js';
import type { Envelope } from '../../base/dsse.js';
import { PlexusError } from '../../base/error.js';
import type { Mask } from '../../base/suite.js';
import { neighbourGraph } from '../../secagg/graph.js';
import type { Share } from '../../secagg/shamir.js';
import { peekStatement } from '../../secagg/statements.js';
import { masksToRemove, rebuildPairSecret, rebuildSelfSeed } from '../../secagg/unmasking.js';
import { read } from './receive.js';
import type { SessionContext, SessionState } from './session-state.js';

export type OpenedMasks =
  | {
      readonly kind: 'opened';
      /** What the sum of the survivors' vectors still carries, with the signs that remove it. Secret. */
      readonly masks: readonly Mask[];
      /** b of every survivor, s of every hospital lost after sharing: what the archive keeps, exactly one of the two each. */
      readonly secrets: ReadonlyMap<number, Bytes>;
    }
  | {
      readonly kind: 'refused';
      readonly code: 'DEALER_INCONSISTENT' | 'SURVIVORS_TOO_FEW';
      readonly dealer: number;
    };

/** `kept` answers kept bytes by digest. */
export function openMasks(
  context: SessionContext,
  state: SessionState,
  kept: (digest: string) => Bytes,
): OpenedMasks {
  const { suite, rules } = context;
  const { u1, u2, u3 } = state;
  const h1 = fromHex(state.h1);
  const graph = neighbourGraph(u1, rules);
  const shares = new Map<number, Share[]>(u2.map((dealer) => [dealer, []]));
  for (const { hospital, release } of state.releases) {
    const statement = peekStatement('unmask', parseCanonical(kept(release)) as unknown as Envelope);
    if (statement.kind === 'refused')
      throw new PlexusError('STATE_UNEXPECTED', 'release: expected a statement taken before');
    for (const { dealer, share } of statement.body.shares)
      shares.get(dealer)?.push({ abscissa: hospital, share });
  }

  const advertised = new Map(
    read('advertise', state.advertisements, u1).map(({ header, body }) => [header.sender, body]),
  );
  const commitments = new Map(
    read('share', state.shares, u2).map(({ header, body }) => [header.sender, body.commitB]),
  );
  const sPublicOf = (hospital: number): Bytes => fromHex(advertised.get(hospital)?.sPublic ?? '');
  const secrets = new Map<number, Bytes>();
  for (const dealer of u2) {
    const of = { threshold: graph.threshold, shares: shares.get(dealer) ?? [] };
    const rebuilt = u3.includes(dealer)
      ? rebuildSelfSeed(suite, {
          ...of,
          h1,
          dealer,
          commitB: fromHex(commitments.get(dealer) ?? ''),
        })
      : rebuildPairSecret(suite, { ...of, sPublic: sPublicOf(dealer) });
    if (rebuilt.kind === 'refused') return { kind: 'refused', code: rebuilt.code, dealer };
    if (rebuilt.kind === 'short') return { kind: 'refused', code: 'SURVIVORS_TOO_FEW', dealer };
    secrets.set(dealer, rebuilt.secret);
  }

  const secretOf = (hospital: number): Bytes => secrets.get(hospital) ?? new Uint8Array();
  const session = { h1, graph, u2, u3, selfSeedOf: secretOf, pairSecretOf: secretOf, sPublicOf };
  return { kind: 'opened', masks: masksToRemove(suite, session), secrets };
}
