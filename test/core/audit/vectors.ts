/** Reads one file of the published transparency-log vectors; undefined (after a loud line) where they are absent. */
import { readFileSync } from 'node:fs';
import { fromBase64, type Bytes } from '../../../core/src/base/bytes.ts';
import { PlexusError } from '../../../core/src/base/error.ts';
import { sharedFile } from '../../data.ts';

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- each reader names the shape of its published file
export function vectors<T>(name: string): T | undefined {
  const path = sharedFile(`vectors/tlog/${name}`);
  return path === undefined ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as T);
}

/** The hash a probe holds: null is no bytes; what is not strict base64 is undefined, and so refused before the verifier. */
export function probeHash(text: string | null): Bytes | undefined {
  try {
    return fromBase64(text ?? '');
  } catch {
    return undefined;
  }
}

export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof PlexusError) return thrown.code;
    throw thrown;
  }
  return 'none';
}
