/** The driver's surroundings on Node. The driver itself is the subpath `@plexus/runtime/drive`. */
export type { Store } from './port.js';
