/**
 * The agent's one connection: dial, hello, send what waits, answer what comes, and do it all again when the line is lost.
 *
 * Outbound only, TLS 1.3 only. A message of the coordinator is acknowledged when the agent has made it durable (I1), and one that does not
 * parse is refused by its id. Leaves to others: the outbox, meaning of messages, when to renew the certificate (app/).
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { fromHex, PlexusError, type FromAgent } from '@plexus/core';
import {
  AgentServiceClient,
  channelTo,
  type ControlRequest,
  type ControlResponse,
  type Endpoint,
  errorOfCall,
  HEARTBEAT_MS,
  isCode,
  readNumber,
  readToAgent,
  type TlsIdentity,
  writeFromAgent,
  writeNumber,
} from '@plexus/proto';
import type { Answer, CoordinatorLink, Inbox } from '../app/wire-port.js';
import { BACKOFF, type BackoffOptions, delayMs, pause } from './backoff.js';
import { downloadBlob, uploadBlob } from './blobs.js';

export type { Endpoint, TlsIdentity } from '@plexus/proto';

export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly identity: TlsIdentity;
  /** Name and version, told to the coordinator. */
  readonly software: string;
  /** Uniform in [0, 1): jitter only. */
  readonly random: () => number;
  readonly backoff?: { readonly baseMs: number; readonly capMs: number };
  readonly heartbeatMs?: number;
  readonly onState?: (state: ConnectionState) => void;
}

export type ConnectionState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost'; readonly error: PlexusError; readonly retryMs: number };

export interface Connection extends CoordinatorLink {
  /** A renewed certificate: used from the next dial on, which is at once. */
  replaceIdentity(identity: TlsIdentity): void;
  close(): Promise<void>;
}

type Call = ClientDuplexStream<ControlRequest, ControlResponse>;
type RequestFrame = NonNullable<ControlRequest['frame']>;

export function openConnection(inbox: Inbox, options: ConnectionOptions): Connection {
  const closing = new AbortController();
  const backoff: BackoffOptions = { ...BACKOFF, ...options.backoff, random: options.random };
  let identity = options.identity;
  let client = newClient(options.endpoint, identity);
  let call: Call | undefined;
  let welcomed = false;
  let queue: Map<number, FromAgent> | undefined;

  const write = (frame: RequestFrame): void => {
    if (call?.writable === true) call.write({ frame });
  };

  async function run(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures++) {
      welcomed = false;
      const thrown = await converse().catch((error: unknown) => error);
      if (isClosing()) return;
      const error = errorOfCall(
        thrown ?? new PlexusError('COORDINATOR_UNREACHABLE', 'control stream: ended'),
      );
      if (wasWelcomed()) failures = 0;
      const retryMs = delayMs(failures, backoff);
      options.onState?.({ kind: 'lost', error, retryMs });
      await pause(retryMs, closing.signal);
    }
  }

  /** One stream, from the hello until it is lost. */
  async function converse(): Promise<void> {
    const opened = client.control();
    call = opened;
    let heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
    const watched = { silent: false, busy: false };
    const hangUp = (): void => {
      if (watched.busy) {
        silence.refresh(); // frames wait for us, not we for them
        return;
      }
      watched.silent = true;
      opened.cancel();
    };
    let silence = setTimeout(hangUp, 3 * heartbeatMs);
    let beat: NodeJS.Timeout | undefined;
    try {
      const { size, root } = inbox.head();
      const head = { headSize: writeNumber(size), headRoot: fromHex(root) };
      write({ $case: 'hello', value: { software: options.software, ...head } });
      for await (const { frame } of opened as AsyncIterable<ControlResponse>) {
        silence.refresh();
        if (frame === undefined) throw new PlexusError('MESSAGE_MALFORMED', 'control frame: empty');
        if (frame.$case !== 'welcome') {
          watched.busy = true;
          await take(frame);
          watched.busy = false;
          continue;
        }
        heartbeatMs = Math.max(1, frame.value.heartbeatMs);
        clearTimeout(silence);
        clearInterval(beat);
        silence = setTimeout(hangUp, 3 * heartbeatMs);
        beat = setInterval(() => {
          write({ $case: 'heartbeat', value: { sentMs: 0n } });
        }, heartbeatMs);
        welcomed = true;
        options.onState?.({ kind: 'connected' });
        await flush();
      }
    } catch (thrown) {
      if (watched.silent)
        throw new PlexusError('CONTROL_SILENT', 'control stream: no frame in time');
      throw thrown;
    } finally {
      clearTimeout(silence);
      clearInterval(beat);
      opened.on('error', () => undefined); // the status of our own cancellation
      opened.cancel();
      if (call === opened) call = undefined;
    }
  }

  async function take(frame: NonNullable<ControlResponse['frame']>): Promise<void> {
    switch (frame.$case) {
      case 'message': {
        const answer = await receive(readNumber(frame.value.id, 'id'), frame.value.body);
        if (answer.kind === 'ack') write({ $case: 'ack', value: { id: frame.value.id } });
        else write({ $case: 'refusal', value: { id: frame.value.id, code: answer.code } });
        return;
      }
      case 'ack':
        await inbox.answered(readNumber(frame.value.id, 'id'), { kind: 'ack' });
        return;
      case 'refusal': {
        const { id, code } = frame.value;
        const answer: Answer = { kind: 'refused', code: isCode(code) ? code : 'MESSAGE_MALFORMED' };
        await inbox.answered(readNumber(id, 'id'), answer);
        return;
      }
      case 'welcome':
      case 'heartbeat':
        return;
    }
  }

  async function receive(id: number, body: Parameters<typeof readToAgent>[0]): Promise<Answer> {
    let message;
    try {
      message = readToAgent(body);
    } catch (thrown) {
      if (thrown instanceof PlexusError) return { kind: 'refused', code: thrown.code };
      throw thrown;
    }
    return await inbox.received(id, message);
  }

  /** What waited goes first; what is sent meanwhile queues behind it, so that order is kept and nothing falls between. */
  async function flush(): Promise<void> {
    const meanwhile = new Map<number, FromAgent>();
    queue = meanwhile;
    const pending = await inbox.pending();
    if (queue !== meanwhile) return; // the line was lost and found again
    queue = undefined;
    for (const { id, message } of pending) {
      meanwhile.delete(id);
      sendMessage(id, message);
    }
    for (const [id, message] of meanwhile) sendMessage(id, message);
  }

  const sendMessage: CoordinatorLink['send'] = (id, message) => {
    if (!welcomed) return; // it is in the outbox, and goes out after the next hello
    if (queue !== undefined) {
      queue.set(id, message);
      return;
    }
    write({ $case: 'message', value: { id: writeNumber(id), body: writeFromAgent(message) } });
  };
  const isClosing = (): boolean => closing.signal.aborted;
  const wasWelcomed = (): boolean => welcomed;
  const either = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, closing.signal]);

  const running = run();
  return {
    send: sendMessage,
    async upload(digest, sizeBytes, read, signal) {
      await uploadBlob(() => client, { digest, sizeBytes, read }, backoff, either(signal));
    },
    async download(digest, maxBytes, signal) {
      return await downloadBlob(() => client, { digest, maxBytes }, backoff, either(signal));
    },
    replaceIdentity(renewed) {
      identity = renewed;
      const old = client;
      client = newClient(options.endpoint, identity);
      call?.cancel(); // transfers on the old connection are cut, and go on with the new one
      old.close();
    },
    async close() {
      closing.abort();
      call?.cancel();
      await running;
      client.close();
    },
  };
}

function newClient(endpoint: Endpoint, identity: TlsIdentity): AgentServiceClient {
  const { address, credentials, options } = channelTo(endpoint, identity);
  return new AgentServiceClient(address, credentials, options);
}
