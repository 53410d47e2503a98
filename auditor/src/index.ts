/** The verifier as a library: a bundle on disk to core's report, and the report to lines. */
export { archiveReader } from './archive.js';
export { folderReader } from './folder.js';
export { MEANINGS } from './meaning.js';
export { openBundle } from './open.js';
export { reportLines, type Paint } from './print.js';
