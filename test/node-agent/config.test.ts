import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlexusError } from '@plexus/core';
import { parse } from 'yaml';
import {
  AGENT_YAML,
  POLICY_YAML,
  readConfig,
  readPolicy,
  readYaml,
  SOURCES_YAML,
} from '../../node-agent/src/config.ts';
import { parseSources } from '../../node-agent/src/data/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'plexus-agent-'));

function written(text: string): string {
  const path = join(folder, 'file.yaml');
  writeFileSync(path, text);
  return path;
}

function message(read: () => unknown): string {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof PlexusError) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  return 'accepted';
}

describe('agent.yaml', () => {
  it('as enrolment writes it says every key with its default', () => {
    expect(readConfig(written(AGENT_YAML))).toEqual(readConfig(written('{}')));
    expect(readConfig(written('{}'))).toEqual({
      engine: 'auto',
      threads: Math.min(64, availableParallelism()),
      policyFile: join(folder, 'policy.yaml'),
      storeKey: { kind: 'file', path: join(folder, 'keys', 'store.key') },
      data: {
        sourcesFile: join(folder, 'sources.yaml'),
        mappingsFolder: join(folder, 'mappings'),
        namespace: 'patient',
        heldOutFraction: 0.25,
        memoryMb: 2048,
        deadlineMs: 60_000,
      },
    });
  });

  it('finds the store key in a file, the environment or a credential of systemd', () => {
    const source = (text: string) => readConfig(written(`storeKey: ${text}`)).storeKey;
    expect(source('env:PLEXUS_KEY')).toEqual({ kind: 'environment', name: 'PLEXUS_KEY' });
    expect(source('credential:plexus')).toEqual({ kind: 'credential', name: 'plexus' });
    expect(source('/run/key')).toEqual({ kind: 'file', path: '/run/key' });
  });

  it('leaves an absolute path as it is', () => {
    expect(readConfig(written('policy: /etc/plexus/policy.yaml')).policyFile).toBe(
      '/etc/plexus/policy.yaml',
    );
  });

  it.each([
    ['engine: gpu', 'AGENT_CONFIG_INVALID engine: expected auto, dense, wasm, cpu, tensorflow'],
    ['threads: 0', 'AGENT_CONFIG_INVALID threads: expected a whole number in 1..64'],
    ['thread: 1', 'AGENT_CONFIG_INVALID agent.yaml: unknown key thread; expected engine, '],
    ['data: { heldOutFraction: 1 }', 'AGENT_CONFIG_INVALID data.heldOutFraction: expected a num'],
    ['policy: 3', 'AGENT_CONFIG_INVALID policy: expected a path'],
    ['- a', 'AGENT_CONFIG_INVALID agent.yaml: expected a mapping'],
    ['engine: "auto', 'AGENT_CONFIG_INVALID '],
  ])('%s is refused by its key', (text, expected) => {
    expect(message(() => readConfig(written(text)))).toContain(expected);
  });

  it('that is absent is FILE_UNREADABLE', () => {
    expect(message(() => readYaml(join(folder, 'nowhere'), 'POLICY_INVALID'))).toContain(
      'FILE_UNREADABLE',
    );
  });
});

describe('policy.yaml', () => {
  it('as enrolment writes it allows nothing', () => {
    expect(readPolicy(written(POLICY_YAML))).toMatchObject({ studies: ['none'], privacy: {} });
  });

  it('says everything that is wrong at once', () => {
    expect(message(() => readPolicy(written('studies: some\nmaxLevel: 9')))).toMatch(
      /^POLICY_INVALID .*studies.*maxLevel.*suppression.*privacy/,
    );
  });
});

describe('sources.yaml', () => {
  it('as enrolment writes it names no source', () => {
    expect(parseSources(parse(SOURCES_YAML))).toEqual(new Map());
  });
});
