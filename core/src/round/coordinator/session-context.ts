/** What a session needs to know of its study and its round; all of it follows from the manifest. */
import type { SessionContext } from './session-state.js';
import type { RunningStudy, StudySettings } from './study-state.js';

export function sessionContext(
  { study, setting }: StudySettings,
  { position }: Pick<RunningStudy, 'position'>,
): SessionContext {
  const { suite, manifest, manifestHash, rules } = study;
  const { layoutHash, vectorBytes, vectorWords } = setting(position);
  return {
    suite,
    study: manifest.study,
    manifestHash,
    layoutHash,
    vectorBytes,
    vectorWords,
    roster: manifest.roster,
    rules,
  };
}
