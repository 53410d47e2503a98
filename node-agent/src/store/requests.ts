/**
 * What a person at the hospital asks of the running agent, as files: `requests/<name>.json`, answered beside as `<name>.answer`.
 *
 * The database has one writer, the running process; a command only leaves a signed request here, by rename, and the agent takes it up,
 * at the latest when it is started next. Whoever can write here can leave a request but sign none.
 * Leaves to others: what a request may say, and whether its signatures hold (app/requests.ts).
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  canonicalJson,
  fromUtf8,
  parseCanonical,
  PlexusError,
  utf8,
  type Json,
  type JsonObject,
} from '@plexus/core';
import { readIfThere, writeWhole } from './files.js';

export interface OpenRequest {
  readonly name: string;
  /** undefined: the file is no JSON. */
  readonly content: Json | undefined;
}

/** Leaves a request; its name orders it among the others. Errors: operator/FILE_UNWRITABLE. */
export function leaveRequest(folder: string, name: string, content: JsonObject): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new PlexusError('FILE_UNWRITABLE', `${folder}: cannot be made`, { cause });
  }
  writeWhole(join(folder, `${name}.json`), canonicalJson(content), 0o600);
}

/** Open requests, oldest first. */
export function openRequests(folder: string): readonly OpenRequest[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // nobody has asked anything yet
  }
  return names
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.json'.length);
      const bytes = readIfThere(join(folder, file));
      return { name, content: bytes === undefined ? undefined : read(bytes) };
    });
}

/** The request is done, durably: its answer is left for whoever waits, and the request goes. */
export function answerRequest(folder: string, name: string, answer: JsonObject): void {
  writeWhole(join(folder, `${name}.answer`), canonicalJson(answer), 0o600);
  rmSync(join(folder, `${name}.json`), { force: true });
}

/** The answer, once; undefined while there is none. */
export function takeAnswer(folder: string, name: string): Json | undefined {
  const path = join(folder, `${name}.answer`);
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  rmSync(path, { force: true });
  return read(bytes);
}

function read(bytes: Uint8Array): Json | undefined {
  try {
    return parseCanonical(utf8(fromUtf8(bytes)));
  } catch {
    return undefined;
  }
}
