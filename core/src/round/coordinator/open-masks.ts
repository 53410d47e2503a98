/**
 * What a session in phase `summing` has to subtract: every released share is checked, every needed secret rebuilt and checked.
 *
 * A hospital whose shares are not the ones dealt to it is left out and named; a dealer whose committed shares rebuild another secret
 * ends the session. No vector is needed yet. Source: secure-aggregation.md 4.6, steps 1 and 2, and the masks of step 3.
 * Leaves to others: adding vectors and masks, decoding and check words (sum.ts).
 */
import { fromHex, type Bytes } from '../../base/bytes.js';
import { parseCanonical } from '../../base/canonical-json.js';
import type { Envelope } from '../../base/dsse.js';
import { PlexusError } from '../../base/error.js';
import type { Mask } from '../../base/suite.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { releaseFor } from '../../secagg/release.js';
import type { Share } from '../../secagg/shamir.js';
import { peekStatement } from '../../secagg/statements.js';
import {
  checkRelease,
  masksToRemove,
  rebuildPairSecret,
  rebuildSelfSeed,
} from '../../secagg/unmasking.js';
import type { ShareEntry } from '../messages.js';
import { read } from './receive.js';
import type { SessionContext, SessionState } from './session-state.js';

export type OpenedMasks =
  | {
      readonly kind: 'opened';
      /** What the sum of the survivors' vectors still carries, with the signs that remove it. Secret. */
      readonly masks: readonly Mask[];
      /** b of every survivor, s of every hospital lost after sharing: what the archive keeps, exactly one of the two each. */
      readonly secrets: ReadonlyMap<number, Bytes>;
      /** Hospitals whose release was not what was dealt to them. */
      readonly faulty: readonly number[];
    }
  | {
      readonly kind: 'refused';
      readonly code: 'DEALER_INCONSISTENT' | 'SURVIVORS_TOO_FEW';
      readonly dealer: number;
      readonly faulty: readonly number[];
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
  const entries = new Map(
    state.shares.map(({ hospital, list }) => [
      hospital,
      parseCanonical(kept(list)) as unknown as readonly ShareEntry[],
    ]),
  );
  const faulty: number[] = [];
  const shares = new Map<number, Share[]>(u2.map((dealer) => [dealer, []]));
  for (const { hospital, release } of state.releases) {
    const statement = peekStatement('unmask', parseCanonical(kept(release)) as unknown as Envelope);
    if (statement.kind === 'refused')
      throw new PlexusError('STATE_UNEXPECTED', 'release: expected a statement taken before');
    const answer = {
      h1,
      answerer: hospital,
      expected: releaseFor(graph, u2, u3, hospital),
      shares: statement.body.shares,
      entryOf: (dealer: number) =>
        entries.get(dealer)?.find(({ receiver }) => receiver === hospital),
    };
    if (checkRelease(suite, answer) !== undefined) faulty.push(hospital);
    else
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
    if (rebuilt.kind === 'refused') return { kind: 'refused', code: rebuilt.code, dealer, faulty };
    if (rebuilt.kind === 'short')
      return { kind: 'refused', code: 'SURVIVORS_TOO_FEW', dealer, faulty };
    secrets.set(dealer, rebuilt.secret);
  }

  const secretOf = (hospital: number): Bytes => secrets.get(hospital) ?? new Uint8Array();
  const session = { h1, graph, u2, u3, selfSeedOf: secretOf, pairSecretOf: secretOf, sPublicOf };
  return { kind: 'opened', masks: masksToRemove(suite, session), secrets, faulty };
}
