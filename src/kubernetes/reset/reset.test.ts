import { describe, expect, it } from 'vitest';

import { RECOVERY_STATES } from '../../recovery/states.ts';
import { resetTransition } from './reset.ts';
import { isOfRelease } from './remove-jobs.ts';

describe('what may be asked of a reset', () => {
  it('is run when it is planned or half done, and then leads to one that keeps the cluster from before', () => {
    for (const state of ['planned', 'cuttingOver'] as const)
      expect(resetTransition('7f3a', state, 'run')).toEqual({ during: 'cuttingOver', after: 'recovered' });
  });

  it('is undone from wherever it ended, and released when it is over', () => {
    for (const state of ['cuttingOver', 'recovered', 'undoing'] as const)
      expect(resetTransition('7f3a', state, 'undo')).toEqual({ during: 'undoing', after: 'undone' });
    for (const state of ['recovered', 'undone'] as const)
      expect(resetTransition('7f3a', state, 'release')).toMatchObject({ after: 'released' });
  });

  it('is answered in every state, with what to type', () => {
    for (const state of RECOVERY_STATES) {
      for (const event of ['run', 'undo', 'release'] as const) {
        const outcome = (() => {
          try {
            return resetTransition('7f3a', state, event);
          } catch (error) {
            return error;
          }
        })();
        expect(outcome).toSatisfy((one: object) => 'after' in one || ('remedy' in one && one.remedy !== ''));
      }
    }
  });
});

describe('a Job of the release', () => {
  const statefulSet = { metadata: { labels: { app: 'postgres', release: 'shop' } } };

  it.each([
    [{ release: 'shop' }, true],
    [{ app: 'postgres', release: 'shop', more: 'yes' }, true],
    [{ release: 'shop-two' }, false],
    [{ app: 'postgres' }, false],
    [undefined, false],
    [{ release: 'shop', 'walkback/recovery': '7f3a' }, false],
  ])('%j: %s', (labels, isIt) => {
    expect(isOfRelease({ metadata: labels === undefined ? {} : { labels } }, statefulSet)).toBe(isIt);
  });

  it('is told by nothing where the StatefulSet has no label of a release', () => {
    expect(
      isOfRelease({ metadata: { labels: { app: 'postgres' } } }, { metadata: { labels: { app: 'postgres' } } }),
    ).toBe(false);
  });
});
