/** The entry of a training thread: the engine's jobs with this program's cryptography. Started by main.ts's pool, never imported. */
import { parentPort } from 'node:worker_threads';
import { answerJobs } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';

if (parentPort !== null) answerJobs(parentPort, nodeSuite);
