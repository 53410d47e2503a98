/**
 * What an operator's commands ask of the coordinator, and who answers: the process that serves, or, if none does, this one.
 *
 * Leaves to others: the socket between the two (socket.ts), opening the folder (open.ts).
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hospitalId, PlexusError, type Suite } from '@plexus/core';
import type { CallerKind } from '../app/ports.js';
import { folderAt } from '../config.js';
import { newInvite } from '../grpc/invite.js';
import { openCoordinator, type OpenCoordinator } from './open.js';
import { ask } from './socket.js';

export type OperatorRequest =
  | {
      readonly kind: 'invite';
      readonly subject: CallerKind;
      readonly id: string;
      readonly lifetimeMs: number;
    }
  | { readonly kind: 'remove'; readonly subject: CallerKind; readonly id: string }
  | { readonly kind: 'status' }
  | {
      readonly kind: 'bundle';
      /** Absolute. */
      readonly out: string;
      readonly profile: 'log' | 'full';
    };

/** Where members reach the coordinator now; 0 if that is only known while it serves. */
export interface Ports {
  readonly port: number;
  readonly enrolPort: number;
}

/** Errors: whatever the request is refused with, and those of opening the folder. */
export async function operate(
  suite: Suite,
  dir: string,
  request: OperatorRequest,
  say: (line: string) => void,
): Promise<unknown> {
  const answer = await ask(folderAt(dir).socket, request);
  if (answer !== undefined) return answer;
  const opened = await openCoordinator(suite, resolve(dir), { mode: 'existing', say });
  try {
    return await answerRequest(suite, opened, opened.config, request);
  } finally {
    await opened.coordinator.close();
  }
}

export async function answerRequest(
  suite: Suite,
  opened: OpenCoordinator,
  ports: Ports,
  request: OperatorRequest,
): Promise<unknown> {
  const { coordinator } = opened;
  switch (request.kind) {
    case 'invite':
      return await invite(suite, opened, ports, request);
    case 'remove':
      await coordinator.remove(request.subject, request.id);
      return {};
    case 'status':
      return await coordinator.status();
    case 'bundle':
      return await writeBundle(opened, request);
  }
}

async function invite(
  suite: Suite,
  { coordinator, config, ca, random }: OpenCoordinator,
  { port, enrolPort }: Ports,
  { subject: kind, id, lifetimeMs }: Extract<OperatorRequest, { readonly kind: 'invite' }>,
): Promise<unknown> {
  if (port === 0 || enrolPort === 0)
    throw new PlexusError(
      'COORDINATOR_CONFIG_INVALID',
      'port: 0 means a free one, known only while the coordinator serves',
    );
  const { federation, host } = config;
  const expiresMs = Date.now() + lifetimeMs;
  const about = { federation, host, port, enrolPort, kind, id: hospitalId(id), expiresMs };
  const { text, issued } = newInvite(suite, { ...about, caSha256: ca.sha256 }, random(32));
  await coordinator.invite(issued);
  return { invite: text, expires: new Date(expiresMs).toISOString() };
}

/** The files below a new folder. Errors: operator/FILE_EXISTS if it holds something. */
async function writeBundle(
  { coordinator }: OpenCoordinator,
  { out, profile }: Extract<OperatorRequest, { readonly kind: 'bundle' }>,
): Promise<unknown> {
  mkdirSync(out, { recursive: true });
  if (readdirSync(out).length > 0)
    throw new PlexusError('FILE_EXISTS', `${out}: expected an empty folder`);
  let files = 0;
  for await (const { path, bytes } of coordinator.exportFor('operator', profile)) {
    const file = join(out, ...path.split('/'));
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, 'wx');
    try {
      for await (const piece of bytes) await handle.write(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    files++;
  }
  return { files, out };
}
