/**
 * What a restore says of damaged pages, for whoever decides on the cutover: the server comes up all the same, and fails when
 * one of them is read.
 *
 * @module
 */

import { damageText } from '../restore/damaged-pages.ts';
import type { RestoreReport } from '../restore/restore-backup.ts';
import type { StepFacts } from './journal.ts';

/** Nothing if there are none. */
export function damageFacts({
  damagedFiles,
  recordedDamage,
}: Pick<RestoreReport, 'damagedFiles' | 'recordedDamage'>): StepFacts {
  const text = damageText([...damagedFiles, ...recordedDamage]);
  return text === undefined ? {} : { damagedFiles: text };
}
