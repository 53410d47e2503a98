/** A whole federation in one process, over a seeded network. */
export type { NetworkRules } from './network.js';
export {
  simulate,
  type Simulated,
  type SimulatedHospital,
  type Simulation,
  type Watch,
} from './simulate.js';
