/** The control stream: hello, order, acknowledgements, redelivery, silence, replacement. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  AgentServiceClient,
  channelTo,
  type ControlRequest,
  type ControlResponse,
} from '@plexus/proto';
import type { FromAgent, ToAgent } from '@plexus/core';
import type { Answer } from '../../node-agent/src/app/wire-port.ts';
import {
  openConnection,
  type Connection,
  type ConnectionState,
} from '../../node-agent/src/grpc/connection.ts';
import { relayTo, type Relay } from './cuttable.ts';
import { HOUR, identityFor, startFederation, type Federation } from './federation.ts';

let federation: Federation;
let relay: Relay;
const open: Connection[] = [];
beforeEach(async () => {
  federation = await startFederation();
  relay = await relayTo(federation.server.port);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  await relay.close();
  await federation.close();
});

/** An agent in memory, with an outbox that keeps what nobody answered. */
class MemoryAgent {
  readonly outbox = new Map<number, FromAgent>();
  readonly received: { id: number; message: ToAgent }[] = [];
  readonly states: ConnectionState[] = [];
  readonly refused: Answer[] = [];
  answer: (message: ToAgent) => Promise<Answer> = () => Promise.resolve({ kind: 'ack' });
  #waiting: { matches: () => boolean; resolve: () => void }[] = [];

  readonly inbox = {
    head: () => ({ size: 3, root: '22'.repeat(32) }),
    pending: () => Promise.resolve([...this.outbox].map(([id, message]) => ({ id, message }))),
    received: async (id: number, message: ToAgent): Promise<Answer> => {
      this.received.push({ id, message });
      this.changed();
      return await this.answer(message);
    },
    answered: (id: number, answer: Answer): Promise<void> => {
      this.outbox.delete(id);
      if (answer.kind === 'refused') this.refused.push(answer);
      this.changed();
      return Promise.resolve();
    },
  };

  async connect(port = relay.port, hospital = 'north'): Promise<Connection> {
    const connection = openConnection(this.inbox, {
      endpoint: { ...federation.endpoint, port },
      identity: await identityFor(federation.ca, { id: hospital }),
      software: 'plexus-agent/0.1.0',
      random: () => 0.5,
      backoff: { baseMs: 2, capMs: 20 },
      onState: (state) => {
        this.states.push(state);
        this.changed();
      },
    });
    open.push(connection);
    return connection;
  }

  async until(matches: () => boolean): Promise<void> {
    if (matches()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ matches, resolve }));
  }

  changed(): void {
    for (const one of this.#waiting) if (one.matches()) one.resolve();
  }
}

const READY: FromAgent = {
  kind: 'ready',
  study: 'heart',
  round: 1,
  attempt: 1,
  engine: 'wasm/4.22.0',
};
const ENDED: ToAgent = { kind: 'study-ended', study: 'heart', outcome: 'completed' };

test('an agent says hello with its head, sends what waits, and learns what was acknowledged', async () => {
  const agent = new MemoryAgent();
  agent.outbox.set(7, READY);
  await agent.connect();
  await agent.until(() => agent.outbox.size === 0);
  expect(federation.app.hellos).toEqual([
    { software: 'plexus-agent/0.1.0', head: { size: 3, root: '22'.repeat(32) } },
  ]);
  expect(federation.app.received).toEqual([{ hospital: 'north', id: 7, message: READY }]);
});

test('a message that was not acknowledged before the line was cut is delivered again, in order', async () => {
  const agent = new MemoryAgent();
  agent.outbox.set(1, READY);
  agent.outbox.set(2, { ...READY, round: 2 });
  federation.app.answer = () => {
    if (federation.app.received.length === 1) relay.cut(); // durable here, but the ack is lost
    return Promise.resolve({ kind: 'ack' });
  };
  await agent.connect();
  await agent.until(() => agent.outbox.size === 0);
  const ids = federation.app.received.map(({ id }) => id);
  expect(ids.slice(-2)).toEqual([1, 2]);
  expect(ids.length).toBeGreaterThan(2);
  expect(agent.states.some(({ kind }) => kind === 'lost')).toBe(true);
  expect(federation.app.hellos.length).toBeGreaterThan(1);
});

test('the coordinator sends again on the new link what the agent did not acknowledge', async () => {
  const agent = new MemoryAgent();
  await agent.connect();
  await federation.app.until(() => federation.app.links.length === 1);
  agent.answer = () => {
    if (agent.received.length === 1) relay.cut();
    return Promise.resolve({ kind: 'ack' });
  };
  federation.app.links[0]!.send(41, ENDED);
  await federation.app.until(() => federation.app.links.length === 2);
  federation.app.links[1]!.send(41, ENDED); // as its outbox does: nobody answered
  await federation.app.until(() => federation.app.answers.length > 0);
  expect(federation.app.answers[0]).toEqual({ hospital: 'north', id: 41, answer: { kind: 'ack' } });
  expect(agent.received.map(({ id }) => id)).toEqual([41, 41]);
});

test('a refusal of either side travels as its code', async () => {
  const agent = new MemoryAgent();
  federation.app.answer = () => Promise.resolve({ kind: 'refused', code: 'STATE_UNEXPECTED' });
  agent.answer = () => Promise.resolve({ kind: 'refused', code: 'ENCODING_INVALID' });
  agent.outbox.set(1, READY);
  await agent.connect();
  await agent.until(() => agent.refused.length > 0);
  expect(agent.refused).toEqual([{ kind: 'refused', code: 'STATE_UNEXPECTED' }]);
  federation.app.links[0]!.send(9, ENDED);
  await federation.app.until(() => federation.app.answers.length > 0);
  expect(federation.app.answers[0]!.answer).toEqual({ kind: 'refused', code: 'ENCODING_INVALID' });
});

/** A peer that speaks the frames it likes. */
async function rawControl(frames: readonly ControlRequest[]): Promise<string> {
  const { address, credentials, options } = channelTo(
    federation.endpoint,
    await identityFor(federation.ca),
  );
  const client = new AgentServiceClient(address, credentials, options);
  const call = client.control();
  const ended = new Promise<string>((resolve) => {
    call.on('error', (error) => {
      resolve(
        'metadata' in error
          ? String(
              (error as { metadata: { get(k: string): unknown[] } }).metadata.get('plexus-code')[0],
            )
          : '',
      );
    });
    call.on('data', (response: ControlResponse) => {
      if (response.frame?.$case === 'refusal') resolve(`refusal ${response.frame.value.code}`);
    });
  });
  for (const frame of frames) call.write(frame);
  const answer = await ended;
  call.cancel();
  client.close();
  return answer;
}

const HELLO: ControlRequest = {
  frame: { $case: 'hello', value: { software: 'x', headSize: 0n, headRoot: new Uint8Array() } },
};

test('a message that does not parse is refused by its id and the stream goes on', async () => {
  const message: ControlRequest = {
    frame: { $case: 'message', value: { id: 5n, body: { message: undefined } } },
  };
  expect(await rawControl([HELLO, message])).toBe('refusal MESSAGE_MALFORMED');
  expect(federation.app.received).toEqual([]);
  expect(await federation.app.refusal('MESSAGE_MALFORMED')).toMatchObject({
    peer: 'hospital/north',
  });
});

test('a stream that does not begin with one good hello is ended with a code', async () => {
  const beat: ControlRequest = { frame: { $case: 'heartbeat', value: { sentMs: 0n } } };
  const forged: ControlRequest = {
    frame: { $case: 'hello', value: { software: 'x', headSize: 2n, headRoot: new Uint8Array(5) } },
  };
  for (const frames of [[beat], [HELLO, HELLO], [forged], [{ frame: undefined }]])
    expect(await rawControl(frames)).toBe('MESSAGE_MALFORMED');
});

test('a newer stream of the same hospital replaces the older one', async () => {
  const first = rawControl([HELLO]);
  await federation.app.until(() => federation.app.links.length === 1);
  const agent = new MemoryAgent();
  await agent.connect();
  expect(await first).toBe('CONTROL_REPLACED');
  await federation.app.until(() => federation.app.gone.length === 1);
  expect(federation.app.gone[0]).toBe(federation.app.links[0]);
});

test('an agent that falls silent is let go', async () => {
  const impatient = await startFederation(20);
  const { address, credentials, options } = channelTo(
    impatient.endpoint,
    await identityFor(impatient.ca),
  );
  const client = new AgentServiceClient(address, credentials, options);
  const call = client.control();
  const code = new Promise((resolve) => {
    call.on('error', (error) => {
      resolve(
        (error as unknown as { metadata: { get(k: string): unknown[] } }).metadata.get(
          'plexus-code',
        )[0],
      );
    });
    call.on('data', () => undefined);
  });
  call.write(HELLO);
  expect(await code).toBe('CONTROL_SILENT');
  client.close();
  await impatient.close();
});

test('heartbeats keep an idle stream open, and a certificate that runs out ends it', async () => {
  const impatient = await startFederation(20);
  const agent = new MemoryAgent();
  const connection = openConnection(agent.inbox, {
    endpoint: impatient.endpoint,
    identity: await identityFor(impatient.ca),
    software: 'plexus-agent/0.1.0',
    random: () => 0.5,
    onState: (state) => {
      agent.states.push(state);
      agent.changed();
    },
  });
  open.push(connection);
  // the clock is asked for each frame: a dozen heartbeats are several times the silence that ends a stream
  let frames = 0;
  const hours = { ahead: 0 };
  await new Promise<void>((resolve) => {
    impatient.clock = () => {
      if (++frames === 12) resolve();
      return Date.now() + hours.ahead * HOUR;
    };
  });
  expect(agent.states).toEqual([{ kind: 'connected' }]);
  hours.ahead = 2;
  await agent.until(() => agent.states.some(({ kind }) => kind === 'lost'));
  const lost = agent.states.find(({ kind }) => kind === 'lost');
  expect(lost).toMatchObject({ error: { code: 'CERTIFICATE_EXPIRED' } });
  expect(await impatient.app.refusal('CERTIFICATE_EXPIRED')).toMatchObject({
    kind: 'access',
    peer: 'hospital/north',
  });
  await connection.close();
  await impatient.close();
});

test('a renewed certificate is used at once, and nothing that waited is lost', async () => {
  const agent = new MemoryAgent();
  const connection = await agent.connect();
  await agent.until(() => agent.states.length === 1);
  expect(federation.app.certificates.size).toBe(1);
  agent.outbox.set(3, READY); // written while the line changes: nobody sends it but the next hello
  connection.replaceIdentity(await identityFor(federation.ca, { id: 'north' }));
  await agent.until(() => agent.outbox.size === 0);
  expect(federation.app.certificates.size).toBe(2);
  expect(federation.app.links).toHaveLength(2);
  expect(federation.app.received.map(({ id }) => id)).toEqual([3]);
});

test('two hospitals hold a stream each, and a message reaches the one it is for', async () => {
  const [north, west] = [new MemoryAgent(), new MemoryAgent()];
  await north.connect();
  await federation.app.until(() => federation.app.links.length === 1);
  await west.connect(relay.port, 'west');
  await federation.app.until(() => federation.app.links.length === 2);
  federation.app.links[1]!.send(8, ENDED);
  await federation.app.until(() => federation.app.answers.length === 1);
  expect(federation.app.answers).toEqual([{ hospital: 'west', id: 8, answer: { kind: 'ack' } }]);
  expect(north.received).toEqual([]);
  expect(federation.app.gone).toEqual([]);
});
