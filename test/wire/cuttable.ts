/** A relay in front of a port whose connections a test can cut or hold back, as a hospital's firewall or a far line would. */
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** Resets every open connection; new ones are relayed. */
  cut(): void;
  /** From now on nothing passes from that side; it waits. */
  hold(from: 'client' | 'server'): void;
  release(): void;
  /** Resolves once so many bytes in all have come in from that side. */
  cameFrom(side: 'client' | 'server', bytes: number): Promise<void>;
  close(): Promise<void>;
}

type Pair = { readonly client: Socket; readonly server: Socket };

export async function relayTo(target: number): Promise<Relay> {
  const pairs = new Set<Pair>();
  const counts = { client: 0, server: 0 };
  const waiting: { side: 'client' | 'server'; bytes: number; resolve: () => void }[] = [];
  let held: 'client' | 'server' | undefined;
  const came = (side: 'client' | 'server', bytes: number): void => {
    counts[side] += bytes;
    for (const one of waiting) if (counts[one.side] >= one.bytes) one.resolve();
  };
  const listener = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    const pair = { client, server };
    pairs.add(pair);
    for (const side of ['client', 'server'] as const) {
      const here = pair[side];
      const there = side === 'client' ? server : client;
      here.on('error', () => undefined);
      here.on('close', () => {
        pairs.delete(pair);
        there.destroy();
      });
      here.on('data', (bytes) => {
        came(side, bytes.length);
        there.write(bytes);
      });
      if (held === side) here.pause();
    }
  });
  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };
  return {
    port: await listen(listener),
    cut,
    hold(from) {
      held = from;
      for (const pair of pairs) pair[from].pause();
    },
    release() {
      held = undefined;
      for (const { client, server } of pairs) for (const side of [client, server]) side.resume();
    },
    async cameFrom(side, bytes) {
      if (counts[side] >= bytes) return;
      await new Promise<void>((resolve) => waiting.push({ side, bytes, resolve }));
    },
    async close() {
      cut();
      await new Promise<void>((resolve) => {
        listener.close(() => {
          resolve();
        });
      });
    },
  };
}

export interface HttpProxy {
  readonly url: string;
  /** What it was asked for: target, and the credentials it was shown. */
  readonly asked: { readonly target: string; readonly credentials: string | undefined }[];
  close(): void;
}

/** An HTTP proxy that knows CONNECT and nothing else. */
export async function startProxy(): Promise<HttpProxy> {
  const asked: HttpProxy['asked'] = [];
  const open = new Set<Socket>();
  const proxy = createHttpServer();
  proxy.on('connect', ({ url, headers }, client: Socket) => {
    asked.push({ target: url ?? '', credentials: headers['proxy-authorization'] });
    const [host, port] = (url ?? '').split(':');
    const server = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(server).pipe(client);
    });
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', () => {
        client.destroy();
      });
    }
  });
  const port = await listen(proxy);
  return {
    url: `http://north:s3cret@127.0.0.1:${String(port)}`,
    asked,
    close() {
      for (const socket of open) socket.destroy();
      proxy.close();
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
