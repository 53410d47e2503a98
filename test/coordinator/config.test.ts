/** The configuration as an operator writes it, and keys that others may not read. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  configText,
  readConfig,
  readKey,
  writeSecret,
  type CoordinatorConfig,
} from '../../coordinator/src/config.ts';
import { refusal } from '../refusal.ts';

const dir = mkdtempSync(join(tmpdir(), 'plexus-'));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

const config: CoordinatorConfig = {
  federation: 'onco',
  host: 'coord.example.org',
  listen: '0.0.0.0',
  port: 7443,
  enrolPort: 0,
  origin: 'coord.example.org/plexus/onco',
  memberDays: 90,
};

function written(text: string): string {
  const file = join(dir, 'coordinator.yaml');
  writeFileSync(file, text);
  return file;
}

test('what init writes is what is read', () => {
  expect(readConfig(written(configText(config)))).toEqual(config);
});

test('a key that is not known, missing or out of range is named', () => {
  const text = configText(config);
  const bad = [
    `${text}prot: 1\n`,
    text.replace('port: 7443', 'port: 70000'),
    text.replace('federation: onco', 'federation: Onco Group'),
    text.replace('memberDays: 90', 'memberDays: soon'),
    text.replace(/^host:.*\n/m, ''),
    'just a text',
    'federation: [',
  ];
  for (const one of bad)
    expect(refusal(() => readConfig(written(one)))).toBe('COORDINATOR_CONFIG_INVALID');
  expect(refusal(() => readConfig(join(dir, 'none.yaml')))).toBe('FILE_UNREADABLE');
});

test('a key is readable by its owner alone, or it is not used', () => {
  const file = join(dir, 'log.key');
  writeSecret(file, `${'ab'.repeat(32)}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readKey(file)).toEqual(new Uint8Array(32).fill(0xab));
  chmodSync(file, 0o644);
  expect(refusal(() => readKey(file))).toBe('COORDINATOR_CONFIG_INVALID');
  expect(readFileSync(file, 'utf8')).toContain('ab');
  const short = join(dir, 'short.key');
  writeSecret(short, 'abc');
  expect(refusal(() => readKey(short))).toBe('COORDINATOR_CONFIG_INVALID');
});
