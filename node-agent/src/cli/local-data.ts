/** The hospital's data as the agent's folder configures it: for the check before an approval, and for the rounds. */
import type { Bytes, Policy, Suite } from '@plexus/core';
import { readYaml, type AgentConfig } from '../config.js';
import type { StudyDataOptions } from '../data/study-data.js';

export function studyDataOptions(
  suite: Suite,
  { data }: AgentConfig,
  policy: Policy,
  hospitalKey: Bytes,
): StudyDataOptions {
  const { sourcesFile, mappingsFolder, heldOutFraction, namespace, memoryMb, deadlineMs } = data;
  return {
    suite,
    sourcesFile,
    readSources: (path) => readYaml(path, 'DATA_CONFIG_INVALID'),
    mappingsFolder,
    policy: {
      maxLevel: policy.maxLevel,
      suppression: policy.suppression,
      heldOutFraction,
      namespace,
    },
    limits: { memoryMb, deadlineMs },
    hospitalKey,
  };
}
