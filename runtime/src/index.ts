/** The driver's surroundings on Node. The driver itself is the subpath `@plexus/runtime/drive`. */
export {
  openUnder,
  parseStoreKeySource,
  readStoreKey,
  sealUnder,
  type StoreKeySource,
} from './secrets.js';
export { memoryStore } from './store/memory.js';
export { openSqliteStore, type SqliteOptions } from './store/sqlite.js';
export type { Store } from './port.js';
export { openBlobs, type Blobs } from './blobs.js';
export { exportBundle, type BundleEntry, type BundleSources } from './bundle.js';
export { leavesBehind } from './upload-leaves.js';
export { evidenceUnder, openLog, type LogOptions, type PublishedLog } from './publish.js';
