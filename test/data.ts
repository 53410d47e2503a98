/**
 * Finds the clinical data and reference vectors that tests read: `$PLEXUS_SHARED`, else `../shared` beside the project.
 *
 * They are never part of the project. Absent under CI=true is a failure; elsewhere the test is skipped with a loud line.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root =
  process.env['PLEXUS_SHARED'] ??
  resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..', 'shared');

/** Absolute path of a shared file or folder, or undefined (after a loud line) where it is absent. */
export function sharedFile(path: string): string | undefined {
  const full = join(root, path);
  if (existsSync(full)) return full;
  if (process.env['CI'] === 'true') throw new Error(`${full}: expected under CI=true, is absent`);
  console.warn(`SKIPPED: ${full} is absent; the tests that need it do not run`);
  return undefined;
}
