/**
 * What is wrong with recovered data although their server runs.
 *
 * @module
 */

import type { StepFacts } from '../../recovery/journal.ts';
import type { Screen } from './screen.ts';

/** As the steps that restored and replayed have found it. */
export function dataWarnings(facts: StepFacts, screen: Screen): string[] {
  const { damagedFiles, otherCollations } = facts;
  return [
    ...(isSaid(damagedFiles)
      ? [
          screen.paint(`THE BACKUP HOLDS DAMAGED PAGES: ${damagedFiles}`, 'loss'),
          'What reads them fails. Read these tables before the cutover; an earlier backup may hold them whole: recover plan --backup NAME.',
        ]
      : []),
    ...(isSaid(otherCollations)
      ? [
          screen.paint(`TEXT IS ORDERED OTHERWISE than when these data were written: ${otherCollations}`, 'loss'),
          'Indexes on text may miss rows. Rebuild them behind the cutover: REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION.',
        ]
      : []),
  ];
}

function isSaid(fact: StepFacts[string] | undefined): boolean {
  return fact !== undefined && fact !== '';
}
