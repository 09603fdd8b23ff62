import { describe, expect, it } from 'vitest';

import { RECOVERY_WAYS } from '../find/rights.ts';
import { SWAP_STEPS, UNDO_SWAP_STEPS, type SwapStep } from './step-names.ts';

const MOVES: readonly SwapStep[] = ['exchangeVolumes', 'renameInVolume', 'recreateStatefulSet', 'forgetCluster'];
const UNDO_MOVES: readonly SwapStep[] = ['undoExchangeVolumes', 'undoRenameInVolume', 'undoRecreateStatefulSet'];
/** Done by a Job, in a pod of ours. */
const BY_JOB: readonly SwapStep[] = [
  'archiveRest',
  'finishRehearsal',
  'renameInVolume',
  'undoReopen',
  'undoArchiveRest',
];

/** True if all that are there are in this order. */
function inOrder(steps: readonly SwapStep[], ...wanted: readonly SwapStep[]): boolean {
  const places = wanted.map((step) => steps.indexOf(step)).filter((place) => place >= 0);
  return places.every((place, index) => index === 0 || place > (places[index - 1] ?? -1));
}

describe.each(RECOVERY_WAYS)('the steps of the way %s', (way) => {
  const [cutover, undo] = [SWAP_STEPS[way] as readonly SwapStep[], UNDO_SWAP_STEPS[way] as readonly SwapStep[]];

  it('open the rehearsal only when the live server has ended, with its WAL in the archive', () => {
    expect(inOrder(cutover, 'pause', 'archiveTail', 'stopLive', 'archiveRest', 'finishRehearsal', 'endRehearsal')).toBe(
      true,
    );
    expect(inOrder(undo, 'undoPause', 'undoArchiveTail', 'undoStop', 'undoArchiveRest', 'undoReopen')).toBe(true);
  });

  it('take nothing from under a pod, and save before they change', () => {
    for (const move of MOVES) expect(inOrder(cutover, 'save', 'scaleDown', move, 'openLine')).toBe(true);
    for (const move of UNDO_MOVES) expect(inOrder(undo, 'undoScaleDown', move, 'undoOpenLine')).toBe(true);
    expect(cutover).toContain('scaleDown');
    expect(undo).toContain('undoScaleDown');
  });

  it('prove and back up before there are replicas', () => {
    expect(inOrder(cutover, 'openLine', 'proveTarget', 'verify', 'backUp', 'scaleOut')).toBe(true);
    expect(inOrder(undo, 'undoOpenLine', 'undoVerify', 'undoBackUp', 'undoScaleOut')).toBe(true);
  });
});

describe('the way clone', () => {
  it('needs no pod of ours', () => {
    const steps: readonly SwapStep[] = [...SWAP_STEPS.clone, ...UNDO_SWAP_STEPS.clone];
    expect(steps.filter((step) => BY_JOB.includes(step))).toEqual([]);
  });

  it('keeps the volumes first, and has its variables out again before there are replicas', () => {
    expect(SWAP_STEPS.clone[0]).toBe('retainVolumes');
    expect(
      inOrder(SWAP_STEPS.clone, 'exchangeVolumes', 'setVariables', 'openLine', 'removeVariables', 'scaleOut'),
    ).toBe(true);
  });
});
