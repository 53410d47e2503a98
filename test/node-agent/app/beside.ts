/** What the coordinator's program says beside a message that it feeds: which vector has arrived, whether released shares are as dealt. */
import {
  parseCanonical,
  peekStatement,
  releaseIsAsDealt,
  type Bytes,
  type FromAgent,
  type ShareEntry,
  type StudySettings,
  type StudyState,
} from '@plexus/core';
import { got } from '../../core/secagg/session.ts';

export function besideMessage(
  {
    settings,
    state,
    kept,
    blobs,
  }: {
    readonly settings: StudySettings;
    readonly state: StudyState;
    readonly kept: ReadonlyMap<string, Bytes>;
    readonly blobs: ReadonlyMap<string, Bytes>;
  },
  hospital: string,
  message: FromAgent,
) {
  if (message.kind === 'release') {
    const listOf = (digest: string) =>
      parseCanonical(got(kept, digest)) as unknown as readonly ShareEntry[];
    const isAsDealt = releaseIsAsDealt(settings, state, hospital, message.envelope, listOf);
    return isAsDealt === undefined ? {} : { isAsDealt };
  }
  if (message.kind !== 'masked') return {};
  const statement = peekStatement('masked', message.envelope);
  if (statement.kind === 'refused') return {};
  const { vectorHash: sha256 } = statement.body;
  return { stored: { sha256, bytes: got(blobs, sha256).length } };
}
