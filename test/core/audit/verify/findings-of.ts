/** What the verifier says of a log that a dishonest coordinator wrote, one line a finding, warnings left out. */
import { fastSuite as suite } from '../../../fast-suite.ts';
import type { Bytes, JsonObject, LeafDraft } from '@plexus/core';
import { verifyBundle } from '../../../../core/src/audit/verify/verify.ts';
import { bundleOf, readerOf, type Files } from '../../../audit-bundle.ts';
import { heartLog, type Change } from '../../../audit-log.ts';

export function findingsOf(
  files: Files,
  heads: readonly { name: string; note: Bytes }[] = [],
): string[] {
  return verifyBundle(suite, readerOf(files), { heads })
    .findings.filter(({ code }) => code !== 'A107' && code !== 'A905')
    .map(({ level, code, where, text }) => `${level} ${code} ${where}: ${text}`);
}

/** The log is signed as altered: only what the leaves say can give it away. */
export function findingsAfter(change: Change): string[] {
  return findingsOf(bundleOf(heartLog(change)));
}

/** Changes the data of the nth leaf of a type. */
export function onNth(
  type: string,
  nth: number,
  alter: (draft: LeafDraft) => ReturnType<Change>,
): Change {
  let seen = 0;
  return (draft) => (draft.type === type && seen++ === nth ? alter(draft) : draft);
}

export function withData(draft: LeafDraft, data: JsonObject): LeafDraft {
  return { ...draft, data: { ...draft.data, ...data } };
}

/** True if one line holds every piece. */
export function some(lines: readonly string[], ...pieces: readonly string[]): boolean {
  return lines.some((line) => pieces.every((piece) => line.includes(piece)));
}
