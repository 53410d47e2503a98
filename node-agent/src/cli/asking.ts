/** Leaves a request for the running agent and waits a while for its answer. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@plexus/core';
import { leaveRequest, takeAnswer } from '../store/requests.js';
import type { AgentFolder } from './folder.js';

const WAIT_MS = 15_000;
const LOOK_MS = 50;

/** The answer, or undefined if none came in time: the request stays, and is taken up when the agent starts. */
export async function askAgent(
  folder: AgentFolder,
  content: JsonObject,
  waitMs: number = WAIT_MS,
): Promise<JsonObject | undefined> {
  const name = `${String(Date.now())}-${randomBytes(4).toString('hex')}`;
  leaveRequest(folder.requests, name, content);
  for (let waited = 0; waited < waitMs; waited += LOOK_MS) {
    const answer = takeAnswer(folder.requests, name);
    if (typeof answer === 'object' && !Array.isArray(answer)) return answer as JsonObject;
    await sleep(LOOK_MS);
  }
  return undefined;
}
