/**
 * Checks a study file without a network: everything but whether its hospitals are enrolled and which keys they have.
 *
 * Leaves to others: the real keys and the digest that is approved (compiled once more when the study is submitted).
 */
import {
  base64,
  checkStudy,
  compileManifest,
  type Federation,
  type Manifest,
  type Problem,
  type ModelSpec,
} from '@plexus/core';
import { readStudyFile, type FileProblem } from './study-file.js';

export type Validated =
  | { readonly kind: 'valid'; readonly manifest: Manifest }
  | { readonly kind: 'refused'; readonly problems: readonly FileProblem[] };

/**
 * Reads and compiles a study file for a federation, or offline for whatever hospitals it names.
 *
 * trainable   what an engine cannot train of a model; every hospital asks the same of its own engine.
 * Errors   operator/FILE_UNREADABLE if the file itself cannot be read; every other problem comes back with its line.
 */
export function validateStudyFile(
  path: string,
  federation?: Federation,
  trainable: (model: ModelSpec) => readonly Problem[] = () => [],
): Validated {
  const file = readStudyFile(path);
  if (file.kind === 'refused') return file;
  const compiled = compileManifest(file.plain, federation ?? standIn(file.plain['roster']));
  if (compiled.kind === 'refused')
    return { kind: 'refused', problems: compiled.problems.map(file.locate) };
  const { manifest } = compiled;
  const study = checkStudy(manifest);
  const problems = study.kind === 'checked' ? trainable(study.model) : study.problems;
  return problems.length === 0
    ? { kind: 'valid', manifest }
    : { kind: 'refused', problems: problems.map(file.locate) };
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
