/** Where things lie in the agent's folder, `--dir`. */
import { join, resolve } from 'node:path';

export interface AgentFolder {
  readonly path: string;
  readonly config: string;
  readonly policy: string;
  readonly sources: string;
  readonly mappings: string;
  readonly keys: string;
  readonly database: string;
  /** Masked vectors that wait for the coordinator. */
  readonly vectors: string;
  readonly requests: string;
}

export function agentFolder(dir: string): AgentFolder {
  const path = resolve(dir);
  const at = (name: string): string => join(path, name);
  return {
    path,
    config: at('agent.yaml'),
    policy: at('policy.yaml'),
    sources: at('sources.yaml'),
    mappings: at('mappings'),
    keys: at('keys'),
    database: at('agent.db'),
    vectors: at('vectors'),
    requests: at('requests'),
  };
}
