/**
 * How a command talks to the coordinator that serves: one line of JSON each way on a socket in the coordinator's own folder.
 *
 * The database has one writer, the serving process; so commands ask it. Who may open the socket is decided by the folder's mode (0700).
 * Leaves to others: what a request does (operate.ts).
 */
import { existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { asPlexusError, CATALOGUE, PlexusError, type Code } from '@plexus/core';

/** Longer ones are cut by some systems without a word. */
const MAX_PATH_BYTES = 100;
const MAX_LINE_BYTES = 1 << 20;

/** Errors: operator/COORDINATOR_RUNNING; operator/COORDINATOR_CONFIG_INVALID if the folder's path is too long for a socket. */
export async function listenOn(
  path: string,
  answer: (request: unknown) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new PlexusError(
      'COORDINATOR_CONFIG_INVALID',
      `${path}: expected at most ${String(MAX_PATH_BYTES)} bytes, so that a socket can have this name`,
    );
  const held = await dial(path);
  if (held !== undefined) {
    held.destroy();
    throw new PlexusError('COORDINATOR_RUNNING', `${path}: another coordinator answers`);
  }
  rmSync(path, { force: true }); // left behind by one that was killed
  const server = createServer((socket) => {
    serve(socket, answer).catch(() => {
      socket.destroy(); // the command went away before its answer
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  return { close: () => closed(server) };
}

/**
 * The answer of the coordinator that serves, or undefined if none does.
 *
 * Errors   the code that the request was refused with.
 */
export async function ask(path: string, request: object): Promise<unknown> {
  const socket = existsSync(path) ? await dial(path) : undefined;
  if (socket === undefined) return undefined;
  socket.write(`${JSON.stringify(request)}\n`);
  const line = await readLine(socket);
  socket.destroy();
  if (line === undefined)
    throw new PlexusError('COMMAND_FAILED', 'the coordinator stopped before it answered');
  const reply = JSON.parse(line) as Reply; // our own program on the other side of a file that only we can open
  if ('done' in reply) return reply.done;
  const code = Object.hasOwn(CATALOGUE, reply.code) ? reply.code : 'COMMAND_FAILED';
  throw new PlexusError(code, reply.message);
}

type Reply = { readonly done: unknown } | { readonly code: Code; readonly message: string };

async function serve(
  socket: Socket,
  answer: (request: unknown) => Promise<unknown>,
): Promise<void> {
  const line = await readLine(socket);
  if (line === undefined) return;
  let reply: Reply;
  try {
    reply = { done: await answer(JSON.parse(line)) };
  } catch (thrown) {
    const { code, message, cause } = asPlexusError(thrown, 'COMMAND_FAILED');
    const why = code === 'COMMAND_FAILED' && cause instanceof Error ? cause.message : message;
    reply = { code, message: why };
  }
  socket.end(`${JSON.stringify(reply)}\n`);
}

/** The first line, or undefined if the other side ends without one. */
async function readLine(socket: Socket): Promise<string | undefined> {
  return await new Promise((resolve) => {
    let text = '';
    const end = (): void => {
      resolve(undefined);
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const at = text.indexOf('\n');
      if (at >= 0) resolve(text.slice(0, at));
      else if (text.length > MAX_LINE_BYTES) end();
    });
    socket.once('end', end).once('error', end).once('close', end);
  });
}

/** An open connection, or undefined if nobody listens. */
async function dial(path: string): Promise<Socket | undefined> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
  });
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
