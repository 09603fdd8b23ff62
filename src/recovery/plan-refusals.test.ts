import { describe, expect, it } from 'vitest';

import { planFacts, plannedBackup, withChanges, type PlanChanges } from '../../tests/support/plan-facts.ts';
import { checkBeforeReading } from './plan-refusals.ts';

const MIB = 1024n * 1024n;
const smaller = { ...plannedBackup, uncompressedSizeBytes: 100n * MIB };

describe('what is refused before WAL is read', () => {
  it.each<[string, PlanChanges, RegExp]>([
    ['a place', { cluster: { problems: [{ message: 'it is a mount point', remedy: 'Move it.' }] } }, /mount point/],
    ['an archive of another system', { archive: { systemIdentifier: 8n } }, /system 8/],
    ['room for no backup at all', { cluster: { freeBytes: 355n * MIB } }, /373293056 bytes .* are free/],
  ])('is %s', (_, changes, message) => {
    expect(() => checkBeforeReading(withChanges(changes), [plannedBackup, smaller])).toThrow(
      expect.objectContaining({ kind: 'refused', message: expect.stringMatching(message) }),
    );
  });

  it('is not room for the larger backup: the target decides which one serves', () => {
    const tight = withChanges({ cluster: { freeBytes: 356n * MIB } });
    expect(() => checkBeforeReading(tight, [plannedBackup, smaller])).not.toThrow();
    expect(() => checkBeforeReading(tight, [plannedBackup])).toThrow('are free');
  });

  it('is no room where nothing will be restored', () => {
    expect(() => checkBeforeReading(withChanges({ cluster: { freeBytes: 0n } }), [])).not.toThrow();
    expect(() => checkBeforeReading(planFacts, [plannedBackup])).not.toThrow();
  });
});
