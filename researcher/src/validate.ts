/**
 * Checks a study file without a network: everything but whether its hospitals are enrolled and which keys they have.
 *
 * Leaves to others: the real keys and the digest that is approved (compiled once more when the study is submitted).
 */
import { base64, compileManifest, type Federation, type Manifest } from '@plexus/core';
import { readStudyFile, type FileProblem } from './study-file.js';

export type Validated =
  | { readonly kind: 'valid'; readonly manifest: Manifest }
  | { readonly kind: 'refused'; readonly problems: readonly FileProblem[] };

/**
 * Reads and compiles a study file for a federation, or offline for whatever hospitals it names.
 *
 * Errors   operator/FILE_UNREADABLE if the file itself cannot be read; every other problem comes back with its line.
 */
export function validateStudyFile(path: string, federation?: Federation): Validated {
  const file = readStudyFile(path);
  if (file.kind === 'refused') return file;
  const compiled = compileManifest(file.plain, federation ?? standIn(file.plain['roster']));
  return compiled.kind === 'compiled'
    ? { kind: 'valid', manifest: compiled.manifest }
    : { kind: 'refused', problems: compiled.problems.map(file.locate) };
}

/** Every hospital the author names, with keys that have the right form and sign nothing. A manifest made with it is never sent. */
function standIn(roster: unknown): Federation {
  const named: readonly unknown[] = Array.isArray(roster) ? roster : [];
  const hospitals = named.filter((item) => typeof item === 'string');
  const origin = 'offline.invalid/plexus';
  return {
    roster: hospitals.map((hospital, i) => ({
      hospital,
      identityKey: numberedKey(2 * i),
      cosignerKey: numberedKey(2 * i + 1),
    })),
    log: { origin, vkey: `${origin}+00000000+${'A'.repeat(44)}` },
  };
}

function numberedKey(number: number): string {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return base64(bytes);
}
