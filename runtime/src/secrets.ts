/**
 * Secrets at rest: where the store key comes from, and how bytes are sealed under a key.
 *
 * AES-256-GCM with a random nonce (NIST SP 800-38D); the place where a sealed value lies is authenticated with it, so that nobody with
 * the disk alone can swap two of them. Source: secure-aggregation.md 4.8. Leaves to others: wrapping keys and their end (store/sqlite.ts).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { concat, fromHex, PlexusError, utf8, type Bytes } from '@plexus/core';

/** Where the key is, as 64 hex digits. A credential is one that systemd hands over (`LoadCredential=`, systemd.exec(5)). */
export type StoreKeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'credential'; readonly name: string };

/**
 * A source as configurations spell it: a path, `env:NAME` or `credential:NAME`.
 *
 * `resolve` says where a path that is not absolute begins.
 */
export function parseStoreKeySource(
  text: string,
  resolve: (path: string) => string,
): StoreKeySource {
  const [, kind, name = ''] = /^(env|credential):([A-Za-z0-9_.-]+)$/.exec(text) ?? [];
  if (kind === 'env') return { kind: 'environment', name };
  if (kind === 'credential') return { kind: 'credential', name };
  return { kind: 'file', path: resolve(text) };
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The 32 bytes that everything sealed here depends on. Secret. Errors: operator/STORE_KEY_INVALID. */
export function readStoreKey(
  source: StoreKeySource,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Bytes {
  switch (source.kind) {
    case 'file':
      return fromText(source.path, readPrivate(source.path));
    case 'environment': {
      const text = environment[source.name];
      if (text === undefined) throw unusable(`$${source.name}`, 'is not set');
      return fromText(`$${source.name}`, text);
    }
    case 'credential': {
      const folder = environment['CREDENTIALS_DIRECTORY'];
      if (folder === undefined)
        throw unusable('$CREDENTIALS_DIRECTORY', 'expected to be started by systemd, is not set');
      // systemd keeps the folder from everybody else; the mode of a file in it is not ours to judge
      return fromText(`credential ${source.name}`, readWhole(join(folder, source.name)));
    }
  }
}

/** nonce, tag, ciphertext. `place` names what is sealed. */
export function sealUnder(key: Bytes, place: string, plaintext: Bytes): Bytes {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(utf8(place));
  const sealed = concat(cipher.update(plaintext), cipher.final());
  return concat(nonce, cipher.getAuthTag(), sealed);
}

/** Secret. Errors: environment/SECRET_UNOPENABLE under another key, at another place, or after a change. */
export function openUnder(key: Bytes, place: string, sealed: Bytes): Bytes {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(utf8(place)).setAuthTag(tag);
    return concat(decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final());
  } catch (cause) {
    throw new PlexusError('SECRET_UNOPENABLE', `secret ${place}: does not open`, { cause });
  }
}

function readPrivate(path: string): string {
  const text = readWhole(path);
  if ((statSync(path).mode & 0o077) !== 0)
    throw unusable(path, 'expected mode 0600, others can read the key');
  return text;
}

function readWhole(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PlexusError('STORE_KEY_INVALID', `${path}: cannot be read`, { cause });
  }
}

function fromText(place: string, text: string): Bytes {
  const digits = text.trim();
  if (!/^[0-9a-f]+$/.test(digits) || digits.length !== 2 * KEY_BYTES)
    throw unusable(place, 'expected 64 hex digits'); // what came is never shown
  return fromHex(digits);
}

function unusable(place: string, what: string): PlexusError {
  return new PlexusError('STORE_KEY_INVALID', `${place}: ${what}`);
}
