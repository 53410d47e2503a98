/**
 * What agents say: hello, messages of their studies, answers to ours. Each becomes one input of one machine.
 *
 * Peer-controlled: everything but the hospital's id, which its certificate names. Source: docs/protocol.md.
 * Leaves to others: meaning (the machines), what is on its way to whom (peers.ts).
 */
import { peekStatement, PlexusError, type Code, type FromAgent, type Outgoing } from '@plexus/core';
import type { Machines } from './machines.js';
import type { Peers } from './peers.js';
import type { AgentsPort, Answer } from './ports.js';
import type { Releases } from './releases.js';
import type { Surroundings } from './surroundings.js';
import type { Uploads } from './uploads.js';

export interface AgentsOptions {
  readonly around: Pick<Surroundings, 'clock' | 'say'>;
  readonly machines: Machines;
  readonly peers: Peers;
  readonly uploads: Uploads;
  readonly releases: Releases;
  /** Leaves in the log. */
  readonly logSize: () => number;
  /** Somebody came. */
  readonly onArrival: () => void;
}

export function agentsPort(options: AgentsOptions): AgentsPort {
  const { around, machines, peers, uploads, releases } = options;
  const { clock, say } = around;

  async function received(hospital: string, message: FromAgent): Promise<Answer> {
    const { study } = message;
    const peer = `hospital/${hospital}`;
    if (machines.study(study) === undefined) {
      machines.driver.refuse({ kind: 'protocol', peer, code: 'STUDY_UNKNOWN' });
      return { kind: 'refused', code: 'STUDY_UNKNOWN' };
    }
    const stored = message.kind === 'masked' ? await storedVector(hospital, message) : undefined;
    const isAsDealt =
      message.kind === 'release' ? await releases.isAsDealt(hospital, message) : undefined;
    const beside = {
      ...(stored && { stored }),
      ...(isAsDealt === undefined ? {} : { isAsDealt }),
    };
    const about = { hospital, message, ...beside, nowMs: clock() };
    const fed = await machines.feedStudy(study, { kind: 'message', ...about }, peer);
    if (fed.kind !== 'rejected') return { kind: 'ack' };
    say(`${study}: refused ${message.kind} of ${hospital}: ${fed.code}`);
    return { kind: 'refused', code: fed.code };
  }

  /** The complete upload under the digest that the statement names; whether the statement is good is for the machine. */
  async function storedVector(
    hospital: string,
    { envelope }: Extract<FromAgent, { readonly kind: 'masked' }>,
  ): Promise<{ readonly sha256: string; readonly bytes: number } | undefined> {
    const peeked = peekStatement('masked', envelope);
    if (peeked.kind === 'refused') return undefined;
    const sha256 = peeked.body.vectorHash;
    const bytes = await uploads.stored(hospital, sha256);
    return bytes === undefined ? undefined : { sha256, bytes };
  }

  async function declined(hospital: string, message: Outgoing, code: Code): Promise<void> {
    say(`${message.study}: ${hospital} refused ${message.kind}: ${code}`);
    const of = whatEnds(message);
    if (of === undefined) return;
    const about = { hospital, of, code, nowMs: clock() };
    await machines.feedStudy(message.study, { kind: 'declined', ...about }, `hospital/${hospital}`);
  }

  return {
    async connected(hospital, { software, head }, link) {
      // D8: an agent has seen more of the log than there is, so this database is an old copy, or the agent lies
      if (head.size > options.logSize())
        throw new PlexusError(
          'LOG_BEHIND',
          `hospital/${hospital}: holds ${String(head.size)} leaves, the log has ${String(options.logSize())}`,
        );
      say(`hospital ${hospital} connected, ${software}`);
      peers.connected(hospital, head.size, link);
      await machines.driver.redeliver(`hospital/${hospital}`);
      options.onArrival();
    },
    disconnected(hospital, link) {
      if (peers.disconnected(hospital, link)) say(`hospital ${hospital} disconnected`);
    },
    received: (hospital, _id, message) => received(hospital, message),
    async answered(hospital, id, answer) {
      const refused = await peers.answered(hospital, id, answer);
      if (answer.kind === 'refused' && refused !== undefined)
        await declined(hospital, refused, answer.code);
    },
  };
}

/** What the hospital sits out when it refuses a message; a refused study-offer or ending ends nothing. */
function whatEnds(
  message: Outgoing,
): { readonly round: number; readonly attempt: number } | { readonly session: string } | undefined {
  switch (message.kind) {
    case 'round-offer':
      return { round: message.round, attempt: message.attempt };
    case 'open':
    case 'keys':
    case 'shares':
    case 'agree':
    case 'unmask':
      return { session: message.session };
    case 'study-offer':
    case 'study-ended':
    case 'session-ended':
      return undefined;
  }
}
