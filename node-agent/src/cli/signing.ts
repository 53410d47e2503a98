/**
 * What `approve` and `withdraw` share: the steward's and the hospital's keys, and a signed request left for the running agent.
 *
 * The database is only read here; the agent alone writes it. Leaves to others: taking the request up (run.ts, app/requests.ts).
 */
import {
  CATALOGUE,
  PlexusError,
  rfc3339,
  type Code,
  type JsonObject,
  type Manifest,
  type Suite,
} from '@plexus/core';
import { requestContent, type Request } from '../app/requests.js';
import { readEnrolment, type EnrolmentRecord } from '../store/enrolment.js';
import { readApprovalKey, readKeys, type AgentKeys } from '../store/key-files.js';
import { askAgent } from './asking.js';
import type { AgentFolder } from './folder.js';
import { readAgent } from './reader.js';
import { storeKeyOf } from './store-key.js';
import type { Terminal } from './terminal.js';

export interface Signing {
  readonly enrolment: EnrolmentRecord;
  readonly keys: AgentKeys;
  /** Secret. */
  readonly approvalKey: Uint8Array;
  readonly manifest: Manifest;
}

/** Errors: operator/AGENT_NOT_ENROLLED, operator/STUDY_UNKNOWN, those of keys and store. */
export async function openSigning(
  suite: Suite,
  folder: AgentFolder,
  study: string,
): Promise<Signing> {
  const enrolment = readEnrolment(folder.path);
  const { studies } = await readAgent(folder);
  const state = studies.find(({ manifest }) => manifest.study === study);
  if (state === undefined)
    throw new PlexusError('STUDY_UNKNOWN', `study ${study}: expected one that was offered here`);
  return {
    enrolment,
    keys: readKeys(suite, folder.keys, storeKeyOf(folder)),
    approvalKey: readApprovalKey(folder.keys),
    manifest: state.manifest,
  };
}

/** Leaves the request and says what became of it. Errors: whatever code the agent refused it with. */
export async function ask(
  terminal: Terminal,
  folder: AgentFolder,
  request: Request,
  done: string,
): Promise<void> {
  const answer = await askAgent(folder, requestContent(request));
  if (answer === undefined) {
    terminal.out(
      'signed, and left for the agent, which does not run: it takes it up when it starts',
    );
    return;
  }
  const code = refusalOf(answer);
  if (code !== undefined)
    throw new PlexusError(code, `study ${request.study}: the agent refused the signature`);
  terminal.out(`ok    ${done}`);
}

export function nowText(): string {
  return rfc3339(Date.now());
}

function refusalOf(answer: JsonObject): Code | undefined {
  const { code } = answer;
  return typeof code === 'string' && Object.hasOwn(CATALOGUE, code) ? (code as Code) : undefined; // the line before says so
}
