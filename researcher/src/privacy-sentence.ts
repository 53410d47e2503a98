/** What is said of a study's privacy wherever a result is shown; the words are fixed. Source: privacy.md section 9. */
import type { Manifest } from '@plexus/core';

const SENTENCES: Readonly<Record<Manifest['privacy']['mode'], string>> = {
  none: 'NOT DIFFERENTIALLY PRIVATE: protected by secure aggregation and minimum cell sizes only.',
};

export function privacySentence(privacy: Manifest['privacy']): string {
  return SENTENCES[privacy.mode];
}
