/**
 * The agent's configuration and the hospital's policy, as its people write them: agent.yaml and policy.yaml in the agent's folder.
 *
 * Paths are relative to the folder of the file they stand in. Nothing of the policy has a default; the rest has, and the file that
 * enrolment writes says them all. Leaves to others: sources and mappings (data/), keys (store/), what the policy means (core).
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parsePolicy, PlexusError, type Code, type Policy } from '@plexus/core';
import type { EngineChoice } from '@plexus/engine';
import { parseStoreKeySource, type StoreKeySource } from '@plexus/runtime';
import { parseDocument } from 'yaml';

export interface AgentConfig {
  readonly engine: EngineChoice;
  /** Training threads. */
  readonly threads: number;
  readonly policyFile: string;
  /** Where the key lies that seals keys and sessions. */
  readonly storeKey: StoreKeySource;
  readonly data: {
    readonly sourcesFile: string;
    /** Holds `<study>.yaml`. */
    readonly mappingsFolder: string;
    /** Names the id system of this hospital's patients. */
    readonly namespace: string;
    readonly heldOutFraction: number;
    readonly memoryMb: number;
    readonly deadlineMs: number;
  };
}

/** The file that enrolment writes: every key with its default. */
export const AGENT_YAML = `# plexus-agent: how this hospital computes. Paths are relative to this file; restart the agent after a change.
engine: auto            # auto, dense, wasm, cpu or tensorflow
threads: auto           # training threads; auto is one for each core
policy: policy.yaml     # what this hospital lets a study ask
storeKey: keys/store.key # seals keys and sessions; or env:NAME, or credential:NAME (systemd)
data:
  sources: sources.yaml # which files are read
  mappings: mappings    # folder with <study>.yaml: this hospital's own SELECT for each study
  namespace: patient    # names the id system that the column \`patient\` holds
  heldOutFraction: 0.25 # share of patients kept for evaluation, the same in every study; never change it
  memoryMb: 2048        # most memory that loading the data may take
  deadlineSeconds: 60   # longest that loading the data may take
`;

/** Allows nothing: what the hospital did not say, it did not allow. */
export const POLICY_YAML = `# What this hospital lets a study ask. A study outside it is refused without asking anybody.
studies: [none]       # ids of studies that may be considered, or: any
maxLevel: 3           # highest GB/T 39725 level of any column
suppression: standard # standard, strict, cms or open: the stricter of study and hospital applies
privacy: {}           # none: [moments, train, evaluate] lets these kinds of task run without differential privacy
`;

export const SOURCES_YAML = `# Which files are read, and under which name the SELECT of a mapping finds them. Paths are relative to this file.
# patients:
#   kind: csv
#   path: patients.csv
#   encoding: utf-8
{}
`;

const ENGINES: readonly EngineChoice[] = ['auto', 'dense', 'wasm', 'cpu', 'tensorflow'];

/** Errors: operator/FILE_UNREADABLE; operator/AGENT_CONFIG_INVALID naming the key. */
export function readConfig(path: string): AgentConfig {
  const file = mapping(readYaml(path, 'AGENT_CONFIG_INVALID'), 'agent.yaml', [
    'engine',
    'threads',
    'policy',
    'storeKey',
    'data',
  ]);
  const data = mapping(file['data'] ?? {}, 'data', [
    'sources',
    'mappings',
    'namespace',
    'heldOutFraction',
    'memoryMb',
    'deadlineSeconds',
  ]);
  const engine = ENGINES.find((name) => name === (file['engine'] ?? 'auto'));
  if (engine === undefined) throw invalid('engine', `expected ${ENGINES.join(', ')}`);
  const beside = (value: unknown, key: string, otherwise: string): string => {
    const given = value ?? otherwise;
    if (typeof given !== 'string' || given === '') throw invalid(key, 'expected a path');
    return isAbsolute(given) ? given : join(dirname(path), given);
  };
  const storeKey = file['storeKey'] ?? 'keys/store.key';
  if (typeof storeKey !== 'string')
    throw invalid('storeKey', 'expected a path, env: or credential:');
  const namespace = data['namespace'] ?? 'patient';
  if (typeof namespace !== 'string' || namespace === '')
    throw invalid('data.namespace', 'expected a text');
  return {
    engine,
    threads: threadsOf(file['threads']),
    policyFile: beside(file['policy'], 'policy', 'policy.yaml'),
    storeKey: parseStoreKeySource(storeKey, (given) => beside(given, 'storeKey', '')),
    data: {
      sourcesFile: beside(data['sources'], 'data.sources', 'sources.yaml'),
      mappingsFolder: beside(data['mappings'], 'data.mappings', 'mappings'),
      namespace,
      heldOutFraction: number(data['heldOutFraction'] ?? 0.25, 'data.heldOutFraction', 0, 0.9),
      memoryMb: number(data['memoryMb'] ?? 2048, 'data.memoryMb', 64, 1 << 20, true),
      deadlineMs: 1000 * number(data['deadlineSeconds'] ?? 60, 'data.deadlineSeconds', 1, 3600),
    },
  };
}

function threadsOf(value: unknown): number {
  if (value === undefined || value === 'auto') return Math.min(64, availableParallelism());
  return number(value, 'threads', 1, 64, true);
}

/** Errors: operator/FILE_UNREADABLE; operator/POLICY_INVALID naming everything that is wrong. */
export function readPolicy(path: string): Policy {
  const parsed = parsePolicy(readYaml(path, 'POLICY_INVALID'));
  if (parsed.kind === 'parsed') return parsed.policy;
  const all = parsed.problems.map(({ path: key, text }) => (key === '' ? text : `${key}: ${text}`));
  throw new PlexusError('POLICY_INVALID', `${path}: ${all.join('; ')}`);
}

/** The document as plain values. Errors: operator/FILE_UNREADABLE; the given code if it is not YAML. */
export function readYaml(path: string, code: Code): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${path}: cannot be read`, { cause });
  }
  const document = parseDocument(text, { version: '1.2' });
  const [error] = document.errors;
  if (error !== undefined)
    throw new PlexusError(code, `${path}: not YAML, line ${String(error.linePos?.[0].line ?? 0)}`);
  return document.toJS({ maxAliasCount: 0 });
}

function mapping(
  value: unknown,
  place: string,
  allowed: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(place, 'expected a mapping');
  for (const key of Object.keys(value))
    if (!allowed.includes(key))
      throw invalid(place, `unknown key ${key}; expected ${allowed.join(', ')}`);
  return { ...value };
}

function number(value: unknown, key: string, least: number, most: number, whole = false): number {
  const fits = typeof value === 'number' && value >= least && value <= most;
  if (!fits || (whole && !Number.isInteger(value)))
    throw invalid(
      key,
      `expected ${whole ? 'a whole number' : 'a number'} in ${String(least)}..${String(most)}`,
    );
  return value;
}

function invalid(key: string, text: string): PlexusError {
  return new PlexusError('AGENT_CONFIG_INVALID', `${key}: ${text}`);
}
