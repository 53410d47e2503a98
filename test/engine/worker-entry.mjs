/** A training thread as a program would have it. Loads what was built: Node 20 runs no TypeScript. */
import { parentPort } from 'node:worker_threads';
import { answerJobs } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';

answerJobs(parentPort, nodeSuite);
