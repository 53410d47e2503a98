/**
 * Messages to agents as the outbox holds them: what many receive alike is kept once and named by digest, and expanded when it is sent.
 *
 * Source: docs/protocol.md, "Payloads". Leaves to others: storing and reading kept bytes (runtime/), evidence of the log.
 */
import type { Bytes } from '../../base/bytes.js';
import { parseCanonical } from '../../base/canonical-json.js';
import type { Envelope } from '../../base/dsse.js';
import { base64 } from '../../base/bytes.js';
import type { ShareEntry, ToAgent } from '../messages.js';

type OfSession = { readonly study: string; readonly session: string };

export type Outgoing =
  | Extract<
      ToAgent,
      {
        readonly kind: 'study-offer' | 'study-ended' | 'round-offer' | 'open' | 'session-ended';
      }
    >
  | (OfSession & { readonly kind: 'keys'; readonly advertisements: string })
  | (OfSession & {
      readonly kind: 'shares';
      readonly shares: string;
      readonly dealings: readonly KeptDealing[];
    })
  | (OfSession & {
      readonly kind: 'agree';
      readonly survivors: readonly number[];
      readonly masked: string;
    })
  | (OfSession & { readonly kind: 'unmask'; readonly agreements: string });

/** Digests of the kept list and the kept box; `box` is absent for the receiver's own dealing. */
export type KeptDealing = {
  readonly dealer: number;
  readonly entries: string;
  readonly box?: string;
};

/** The message as it travels. `read` answers kept bytes by digest; what was kept here is trusted to have its form. */
export function expand(outgoing: Outgoing, read: (digest: string) => Bytes): ToAgent {
  const envelopes = (digest: string): readonly Envelope[] =>
    parseCanonical(read(digest)) as unknown as readonly Envelope[];
  const { study } = outgoing;
  switch (outgoing.kind) {
    case 'study-offer':
    case 'study-ended':
    case 'round-offer':
    case 'open':
    case 'session-ended':
      return outgoing;
    case 'keys':
      return { ...outgoing, study, advertisements: envelopes(outgoing.advertisements) };
    case 'shares':
      return {
        ...outgoing,
        shares: envelopes(outgoing.shares),
        dealings: outgoing.dealings.map(({ dealer, entries, box }) => ({
          dealer,
          entries: parseCanonical(read(entries)) as unknown as readonly ShareEntry[],
          box: box === undefined ? '' : base64(read(box)),
        })),
      };
    case 'agree':
      return { ...outgoing, masked: envelopes(outgoing.masked) };
    case 'unmask':
      return { ...outgoing, agreements: envelopes(outgoing.agreements) };
  }
}
