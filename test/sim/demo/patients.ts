/** Patients for the demo's tests: a project with nobody's data beside it, and what a hospital's agent makes of the demo's two files. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { parse } from 'yaml';
import { DEFAULT_LIMITS } from '../../../node-agent/src/data/duckdb.ts';
import { loadDataset } from '../../../node-agent/src/data/features.ts';
import { approvalDigests, readMapping } from '../../../node-agent/src/data/mapping.ts';
import { parseSources } from '../../../node-agent/src/data/sources.ts';
import type { DemoHospital } from '../../../sim/demo/data.ts';
import { projectRoot } from '../../arch/project.ts';
import { heartStudy } from '../../models/uci-heart.ts';

const model = join(projectRoot, 'models', 'heart-disease');

/** A folder that has the split and no shared data beside it. */
export function bareProject(): string {
  const root = join(mkdtempSync(join(tmpdir(), 'demo-')), 'project');
  mkdirSync(join(root, 'models', 'heart-disease'), { recursive: true });
  copyFileSync(join(model, 'split.json'), join(root, 'models', 'heart-disease', 'split.json'));
  return root;
}

export interface Archive {
  readonly url: string;
  close(): Promise<void>;
}

/** Something that answers in place of the archive. */
export async function archiveThat(answers: RequestListener): Promise<Archive> {
  const server = createServer(answers);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${String(address.port)}/heart-disease`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** As `plexus-agent` loads it, with the shipped sources, mapping and schema. */
export async function loadAsAgent({ csv, split }: DemoHospital): Promise<Dataset> {
  const config = parse(readFileSync(join(model, 'sources.yaml'), 'utf8')) as {
    readonly heart: object;
    readonly split: object;
  };
  const sources = parseSources({
    heart: { ...config.heart, path: csv },
    split: { ...config.split, path: split },
  });
  const { schema } = heartStudy();
  const mapping = await readMapping(nodeSuite, join(model, 'mappings', 'uci.yaml'));
  return loadDataset(nodeSuite, {
    study: 'heart-disease',
    schema,
    mapping,
    sources,
    approved: approvalDigests(nodeSuite, schema, mapping, sources),
    policy: { maxLevel: 3, suppression: 'open', heldOutFraction: 0.25, namespace: 'uci' },
    limits: DEFAULT_LIMITS,
    hospitalKey: new Uint8Array(32).fill(1),
  });
}
