/**
 * The control stream of one agent: a hello, then messages both ways with acknowledgements, then silence means gone.
 *
 * Messages of an agent are handled in order, one at a time; the ack leaves only when the change is durable (I1). One stream for
 * each hospital: a newer one closes the older, for an agent that lost its connection may notice before we do.
 * Leaves to others: the outbox and what messages mean (app/).
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { hex, PlexusError, type Code } from '@plexus/core';
import {
  type ControlRequest,
  type ControlResponse,
  HEARTBEAT_MS,
  isCode,
  readDigest,
  readFromAgent,
  readNumber,
  wireStatus,
  writeNumber,
  writeToAgent,
} from '@plexus/proto';
import type { AgentHello, AgentLink, AgentsPort, Answer, Caller } from '../app/ports.js';
import { type CallContext, failed, requireCaller } from './handlers.js';

type ControlCall = ServerDuplexStream<ControlRequest, ControlResponse>;
type ResponseFrame = NonNullable<ControlResponse['frame']>;

export interface ControlOptions {
  readonly software: string;
  readonly heartbeatMs?: number;
}

export function serveControl(
  context: CallContext,
  agents: AgentsPort,
  options: ControlOptions,
): (call: ControlCall) => void {
  const links = new Map<string, AgentLink>();
  const heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;

  return (call) => {
    let ended = false;
    const send = (frame: ResponseFrame): void => {
      if (!ended && !call.cancelled) call.write({ frame });
    };
    const close = (status: ReturnType<typeof wireStatus>): void => {
      if (ended) return;
      ended = true;
      clearTimeout(silence);
      call.emit('error', status);
    };
    let busy = false;
    const silence = setTimeout(() => {
      if (busy)
        silence.refresh(); // frames wait for us, not we for them
      else close(wireStatus('CONTROL_SILENT'));
    }, 3 * heartbeatMs);
    const link: AgentLink = {
      send: (id, message) => {
        send({ $case: 'message', value: { id: writeNumber(id), body: writeToAgent(message) } });
      },
      close: (code) => {
        close(wireStatus(code));
      },
    };

    async function serve(caller: Caller): Promise<void> {
      const hospital = caller.id;
      let greeted = false;
      try {
        // a destroyed stream could no longer say its status, so leaving the loop must not destroy it
        const frames: AsyncIterable<ControlRequest> = call.iterator({ destroyOnReturn: false });
        for await (const request of frames) {
          requireCaller(call, context); // the certificate may run out while the stream is open
          silence.refresh();
          busy = true;
          const frame = request.frame;
          if (frame === undefined) throw malformed('empty');
          if (!greeted) {
            if (frame.$case !== 'hello') throw malformed('the first is no hello');
            const hello = readHello(frame.value);
            links.get(hospital)?.close('CONTROL_REPLACED');
            links.set(hospital, link);
            greeted = true;
            send({ $case: 'welcome', value: { software: options.software, heartbeatMs } });
            await agents.connected(hospital, hello, link);
          } else await take(hospital, frame);
          busy = false;
        }
      } finally {
        if (links.get(hospital) === link) links.delete(hospital);
        if (greeted) agents.disconnected(hospital, link);
      }
    }

    async function take(
      hospital: string,
      frame: NonNullable<ControlRequest['frame']>,
    ): Promise<void> {
      switch (frame.$case) {
        case 'hello':
          throw malformed('a second hello');
        case 'message': {
          const id = readNumber(frame.value.id, 'id');
          const answer = await received(hospital, id, frame.value.body);
          if (answer.kind === 'ack') send({ $case: 'ack', value: { id: frame.value.id } });
          else send({ $case: 'refusal', value: { id: frame.value.id, code: answer.code } });
          return;
        }
        case 'ack':
          await agents.answered(hospital, readNumber(frame.value.id, 'id'), { kind: 'ack' });
          return;
        case 'refusal': {
          const code: Code = isCode(frame.value.code) ? frame.value.code : 'MESSAGE_MALFORMED';
          await agents.answered(hospital, readNumber(frame.value.id, 'id'), {
            kind: 'refused',
            code,
          });
          return;
        }
        case 'heartbeat':
          send({ $case: 'heartbeat', value: { sentMs: frame.value.sentMs } });
          return;
      }
    }

    /** A message that does not parse is refused by its id, so that the agent does not send it for ever. */
    async function received(
      hospital: string,
      id: number,
      body: Parameters<typeof readFromAgent>[0],
    ): Promise<Answer> {
      let message;
      try {
        message = readFromAgent(body);
      } catch (thrown) {
        if (!(thrown instanceof PlexusError)) throw thrown;
        context.recordRefusal({
          kind: 'protocol',
          peer: `hospital/${hospital}`,
          code: thrown.code,
        });
        return { kind: 'refused', code: thrown.code };
      }
      return await agents.received(hospital, id, message);
    }

    Promise.resolve()
      .then(async () => {
        await serve(requireCaller(call, context));
        if (!ended) {
          ended = true;
          call.end();
        }
      })
      .catch((thrown: unknown) => {
        if (!ended && !call.cancelled) close(failed(thrown, call, context));
      })
      .finally(() => {
        ended = true;
        clearTimeout(silence);
      });
  };
}

function readHello(hello: {
  readonly software: string;
  readonly headSize: bigint;
  readonly headRoot: Uint8Array;
}): AgentHello {
  const size = readNumber(hello.headSize, 'head_size');
  const root = size === 0 ? hex(hello.headRoot) : readDigest(hello.headRoot, 'head_root');
  if (size === 0 && root !== '') throw malformed('a root without a size');
  return { software: hello.software.slice(0, 64), head: { size, root } };
}

function malformed(what: string): PlexusError {
  return new PlexusError('MESSAGE_MALFORMED', `control frame: ${what}`);
}
