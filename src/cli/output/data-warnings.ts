/**
 * What is wrong with recovered data although their server runs, and who may not be able to log in to it any more.
 *
 * @module
 */

import type { StepFacts } from '../../recovery/journal.ts';
import type { Reporter } from './reporter.ts';
import type { Screen } from './screen.ts';
import { shownText } from './shown-name.ts';

interface DataWarning {
  readonly what: string;
  readonly remedy: string;
}

/** Each with the fact that tells of it. */
const WARNINGS: readonly { readonly fact: string; readonly headline: string; readonly remedy: string }[] = [
  {
    fact: 'damagedFiles',
    headline: 'THE BACKUP HOLDS DAMAGED PAGES',
    remedy:
      'What reads them fails. Read these tables before the cutover; an earlier backup may hold them whole: recover plan --backup NAME.',
  },
  {
    fact: 'otherCollations',
    headline: 'TEXT IS ORDERED OTHERWISE than when these data were written',
    remedy:
      'Indexes on text may miss rows. Rebuild them behind the cutover: REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION.',
  },
  {
    fact: 'otherRoles',
    headline: 'ROLES MAY LOG IN OTHERWISE than on the live server',
    remedy:
      'They are those of the target, with their passwords of then. Behind the cutover make them as they are now (ALTER ROLE … PASSWORD, CREATE ROLE, DROP ROLE; in a container create-user-db, alter-role), or give the applications the passwords of then. A password set since may be the same one: what is stored does not tell.',
  },
];

function factText(facts: StepFacts, name: string): string {
  return shownText(String(facts[name] ?? ''));
}

function warningsIn(facts: StepFacts): DataWarning[] {
  return WARNINGS.flatMap(({ fact, headline, remedy }) => {
    const found = factText(facts, fact);
    return found === '' ? [] : [{ what: `${headline}: ${found}`, remedy }];
  });
}

/** What could not be looked at; nothing if all was. */
function notLookedAt(facts: StepFacts): string[] {
  const why = factText(facts, 'rolesNotCompared');
  return why === '' ? [] : [`Roles and their passwords were not compared with those of now: ${why}.`];
}

/** As the steps that restored and replayed have found it. */
export function dataWarnings(facts: StepFacts, screen: Screen): string[] {
  const warnings = warningsIn(facts).flatMap(({ what, remedy }) => [screen.paint(what, 'loss'), remedy]);
  return [...warnings, ...notLookedAt(facts)];
}

/** Tells of it before somebody decides on the cutover. */
export function tellDataWarnings(facts: StepFacts, reporter: Pick<Reporter, 'warn' | 'note'>): void {
  for (const { what, remedy } of warningsIn(facts)) reporter.warn(`${what}. ${remedy}`);
  for (const line of notLookedAt(facts)) reporter.note(line);
}
