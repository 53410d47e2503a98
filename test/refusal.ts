/**
 * What a call refuses with: the code of the PlexusError it throws, `undefined` if it throws nothing.
 *
 * Anything else that is thrown goes on: an accident is never taken for a refusal.
 */
import { PlexusError, type Code } from '@plexus/core';

export function refusal(call: () => unknown): Code | undefined {
  try {
    call();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return thrown.code;
    throw thrown;
  }
}

/** The same of a call whose answer comes later. */
export async function refusalOf(answer: Promise<unknown>): Promise<Code | undefined> {
  try {
    await answer;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof PlexusError) return thrown.code;
    throw thrown;
  }
}
