/** After any one changed byte of any file the bundle is not ok, and the finding names the file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUNDLE_INDEX, verifyBundle, type Bytes } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { folderReader } from '../../auditor/src/folder.ts';
import { archiveReader } from '../../auditor/src/archive.ts';
import { bundleOf, filesOf, readerOf, smallLog, type Files } from '../audit-bundle.ts';
import { approvedStudy } from '../core/audit/verify/study-log.ts';
import { tarOf, writeFolder, writeTar } from './on-disk.ts';

const small = smallLog();
const smallBundle = bundleOf(small);

/** A study that the coordinator's own machine ran to its end. */
const studyBundle = (() => {
  const { log, federation } = approvedStudy();
  federation.run();
  return bundleOf(log);
})();

const flip = (bytes: Bytes, at: number, by: number): Bytes => bytes.with(at, bytes[at]! ^ by);

function failuresOf(files: Files): readonly { readonly code: string; readonly file?: string }[] {
  const report = verifyBundle(suite, readerOf(files));
  expect(report.ok).toBe(report.findings.every(({ level }) => level !== 'FAIL'));
  return report.findings.filter(({ level }) => level === 'FAIL');
}

describe('a bundle with one changed byte', () => {
  it('is found at every byte of every file, and named', () => {
    expect(failuresOf(smallBundle)).toEqual([]);
    for (const [path, bytes] of smallBundle)
      for (let at = 0; at < bytes.length; at++) {
        const changed = new Map([...smallBundle, [path, flip(bytes, at, 1 + (at % 255))]]);
        const found = failuresOf(changed);
        const named = found.some(({ code, file }) =>
          path === BUNDLE_INDEX ? /^A10[1-4]$/.test(code) : code === 'A102' && file === path,
        );
        expect(named, `${path} byte ${String(at)}`).toBe(true);
      }
  });

  it('is found though bundle.json is made anew, in all that the log’s key or a hospital vouches for', () => {
    const files = filesOf(small);
    for (const [path, bytes] of files) {
      if (path === 'README.txt') continue; // for the reader by hand; nothing rests on it
      for (let at = 0; at < bytes.length; at++) {
        const changed = new Map([...files, [path, flip(bytes, at, 1)]]);
        expect(failuresOf(bundleOf(small, changed)), `${path} byte ${String(at)}`).not.toEqual([]);
      }
    }
  });

  it('is found in each file of a whole study, and when a file is missing or one more is there', () => {
    expect(failuresOf(studyBundle)).toEqual([]);
    expect(studyBundle.size).toBeGreaterThan(6);
    for (const [path, bytes] of studyBundle) {
      for (const at of [0, bytes.length >> 1, bytes.length - 1])
        expect(failuresOf(new Map([...studyBundle, [path, flip(bytes, at, 0x20)]]))).not.toEqual(
          [],
        );
      const without = new Map(studyBundle);
      without.delete(path);
      expect(failuresOf(without), path).not.toEqual([]);
      const stray = `${path}.bak`;
      expect(failuresOf(new Map([...studyBundle, [stray, bytes]])), path).toContainEqual(
        expect.objectContaining({ code: 'A103', file: stray }),
      );
    }
  });

  it('is found in a folder on disk', () => {
    const folder = writeFolder(studyBundle);
    const failures = () =>
      verifyBundle(suite, folderReader(folder)).findings.filter(({ level }) => level === 'FAIL');
    expect(failures()).toEqual([]);
    for (const [path, bytes] of studyBundle) {
      writeFileSync(join(folder, path), flip(bytes, bytes.length >> 1, 1));
      expect(failures(), path).not.toEqual([]);
      writeFileSync(join(folder, path), bytes);
    }
    expect(failures()).toEqual([]);
  });

  it('is found at every byte of the same bundle as one tar file, headers and padding included', () => {
    const tar = tarOf(smallBundle);
    const file = writeTar(tar);
    const ok = () => {
      const reader = archiveReader(file);
      return reader !== undefined && verifyBundle(suite, reader).ok;
    };
    expect(ok()).toBe(true);
    for (let at = 0; at < tar.length; at += 7) {
      writeFileSync(file, flip(tar, at, 1));
      expect(ok(), `byte ${String(at)}`).toBe(false);
    }
  });
});
