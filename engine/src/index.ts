/** The training engines over tfjs, behind core's TrainingEngine. */
export { capabilityProblems } from './capabilities.js';
export { checkConformance } from './conformance.js';
export type { TrainingJob, TrainingResult } from './job.js';
export { openPool, type PoolOptions, type TrainingPool } from './pool.js';
export type { EngineName, EngineProvider, Probe } from './provider.js';
export { createEngine, ENGINE_CHOICES, engineProviders, type EngineChoice } from './select.js';
export { answerJobs } from './worker.js';
