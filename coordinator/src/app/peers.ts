/**
 * The connected agents: who is present, and what is on its way to each.
 *
 * One message at a time is on its way to a hospital: the next is sent when the last is answered. So it is always known which head of the
 * log the agent holds when a proof is made for it (I11), and messages stay in order. Delivery is at least once: what is not answered
 * when a link ends is sent again on the next one.
 * Source: audit-log.md L4; docs/protocol.md, "What the driver adds". Leaves to others: the outbox (the driver), the stream (grpc/).
 */
import { expand, type Bytes, type Evidence, type Outgoing, type ToAgent } from '@plexus/core';
import type { Delivery } from '@plexus/runtime/drive';
import type { AgentLink, Answer } from './ports.js';

/** An agent that lost its connection is taken for present this long: a link that breaks for a moment costs nobody a round. */
const GRACE_MS = 3_000;

export interface PeersOptions {
  readonly clock: () => number;
  readonly kept: (digest: string) => Promise<Bytes>;
  /** Proof of the leaf `seq` and of whatever else the message rests on, for a reader whose head has size `from`. */
  readonly evidence: (message: Outgoing, seq: number, from: number) => Promise<Evidence>;
  /** The outbox row is done with. */
  readonly acknowledge: (to: string, id: number) => Promise<void>;
  /** A message could not be made: a bug of ours, or a store that failed. */
  readonly onFailure: (thrown: unknown) => void;
}

export interface Peers {
  connected(hospital: string, head: number, link: AgentLink): void;
  /** False if a newer link has replaced this one. */
  disconnected(hospital: string, link: AgentLink): boolean;
  /** The message that the hospital will never accept, if that is what it answered. */
  answered(hospital: string, id: number, answer: Answer): Promise<Outgoing | undefined>;
  dispatch(delivery: Delivery): void;
  retract(topics: readonly string[]): void;
  /** Ids of the hospitals that can be counted on now. */
  present(nowMs: number): readonly string[];
  isConnected(hospital: string): boolean;
}

interface Peer {
  link: AgentLink | undefined;
  leftMs: number;
  /** Size of the log head the agent holds. */
  head: number;
  queue: readonly Delivery[];
  sent: { readonly delivery: Delivery; readonly checkpointSize: number } | undefined;
  preparing: boolean;
}

export function connectedPeers(options: PeersOptions): Peers {
  const peers = new Map<string, Peer>();
  /** Messages that are sent a second time because the agent's head was not the one they were proved from. */
  const retried = new Set<number>();

  function pump(hospital: string, peer: Peer): void {
    const { link } = peer;
    const [delivery, ...queue] = peer.queue;
    if (link === undefined || delivery === undefined || peer.sent !== undefined || peer.preparing)
      return;
    peer.queue = queue;
    peer.preparing = true;
    prepare(options, delivery, peer.head)
      .then(({ message, checkpointSize }) => {
        if (peer.link !== link) return; // the next link has it again
        peer.sent = { delivery, checkpointSize };
        link.send(delivery.id, message);
      })
      .catch(options.onFailure)
      .finally(() => {
        peer.preparing = false;
        pump(hospital, peer);
      });
  }

  return {
    connected(hospital, head, link) {
      const leftMs = options.clock();
      const fresh = { link, leftMs, head, queue: [], sent: undefined, preparing: false };
      peers.set(hospital, fresh);
    },
    disconnected(hospital, link) {
      const peer = peers.get(hospital);
      if (peer?.link !== link) return false;
      Object.assign(peer, { link: undefined, leftMs: options.clock(), queue: [], sent: undefined });
      return true;
    },
    async answered(hospital, id, answer) {
      const peer = peers.get(hospital);
      const sent = peer?.sent?.delivery.id === id ? peer.sent : undefined;
      const isHeadRefused = answer.kind === 'refused' && answer.code === 'LOG_HEAD_REFUSED';
      if (isHeadRefused && sent !== undefined && !retried.has(id)) {
        // it holds another head than we thought: its next hello says which, and the message is sent again, once
        retried.add(id);
        peer?.link?.close('LOG_HEAD_REFUSED');
        return undefined;
      }
      retried.delete(id);
      await options.acknowledge(`hospital/${hospital}`, id);
      if (peer === undefined) return undefined;
      if (sent !== undefined) {
        // the head is accepted before the message is judged
        if (!isHeadRefused) peer.head = Math.max(peer.head, sent.checkpointSize);
        peer.sent = undefined;
      }
      pump(hospital, peer);
      const declined = answer.kind === 'refused' && sent !== undefined;
      return declined ? outgoingOf(sent.delivery) : undefined;
    },
    dispatch(delivery) {
      const hospital = delivery.to.slice('hospital/'.length);
      const peer = peers.get(hospital);
      if (peer?.link === undefined) return; // redelivered when it connects
      const known = [...peer.queue, ...(peer.sent === undefined ? [] : [peer.sent.delivery])];
      if (known.some(({ id }) => id === delivery.id)) return;
      peer.queue = [...peer.queue, delivery];
      pump(hospital, peer);
    },
    retract(topics) {
      for (const peer of peers.values())
        peer.queue = peer.queue.filter(({ topic }) => !topics.includes(topic));
    },
    present: (nowMs) =>
      [...peers]
        .filter(([, { link, leftMs }]) => link !== undefined || nowMs < leftMs + GRACE_MS)
        .map(([hospital]) => hospital)
        .sort(),
    isConnected: (hospital) => peers.get(hospital)?.link !== undefined,
  };
}

/** The message as it travels, with proof of its leaf where it waited for one. */
async function prepare(
  { kept, evidence }: PeersOptions,
  delivery: Delivery,
  head: number,
): Promise<{ readonly message: ToAgent; readonly checkpointSize: number }> {
  const outgoing = outgoingOf(delivery);
  const bytes = new Map<string, Bytes>();
  for (const digest of digestsOf(outgoing))
    if (!bytes.has(digest)) bytes.set(digest, await kept(digest));
  const message = expand(outgoing, (digest) => bytes.get(digest) ?? new Uint8Array());
  if (!delivery.held) return { message, checkpointSize: 0 };
  const proof = await evidence(outgoing, delivery.seq, head);
  const withProof = { ...message, evidence: proof };
  return { message: withProof, checkpointSize: sizeOf(proof) };
}

/** Which kept bytes a message names. */
function digestsOf(outgoing: Outgoing): readonly string[] {
  switch (outgoing.kind) {
    case 'keys':
      return [outgoing.advertisements];
    case 'shares':
      return [
        outgoing.shares,
        ...outgoing.dealings.flatMap(({ entries, box }) => [
          entries,
          ...(box === undefined ? [] : [box]),
        ]),
      ];
    case 'agree':
      return [outgoing.masked];
    case 'unmask':
      return [outgoing.agreements];
    case 'study-offer':
    case 'study-ended':
    case 'round-offer':
    case 'open':
    case 'session-ended':
      return [];
  }
}

/** Second line of a checkpoint. */
function sizeOf({ checkpoint }: Evidence): number {
  return Number(checkpoint.split('\n', 2)[1]);
}

/** What the study machines put into the outbox comes out of it. */
function outgoingOf(delivery: Delivery): Outgoing {
  return delivery.message as unknown as Outgoing;
}
