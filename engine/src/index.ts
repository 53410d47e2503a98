/** The training engines, behind core's TrainingEngine. */
export { capabilityProblems } from './capabilities.js';
export { checkConformance } from './conformance.js';
export { DenseEngine } from './dense/engine.js';
export { isDense } from './dense/plan.js';
export type { TrainingJob, TrainingResult } from './job.js';
export { openPool, type PoolOptions, type TrainingPool } from './pool.js';
export type { EngineName, EngineProvider, Probe } from './provider.js';
export {
  createEngine,
  ENGINE_CHOICES,
  engineFor,
  engineProvider,
  type EngineChoice,
} from './select.js';
export { answerJobs } from './worker.js';
