/**
 * Which way a recovery takes: the best one that nothing speaks against, or the one that was asked for. Pure.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { PassedOverWay } from './plan-value.ts';
import { rightWords } from '../find/review-rights.ts';
import type { Right } from '../find/rights.ts';
import { RECOVERY_WAYS, type RecoveryWay } from '../find/rights.ts';

/** What decides it. */
export interface WayFacts {
  /** By way, the rights that are missing. */
  readonly missing: Readonly<Record<RecoveryWay, readonly Right[]>>;
  /** Why no claim can be made that the rehearsal needs (a quota, a class); `undefined`: it can. */
  readonly claimProblem: string | undefined;
  readonly accessModes: readonly string[];
  /** The number of the pod that leads; `undefined`: nobody does. */
  readonly leaderOrdinal: number | undefined;
  /** Of the live volume; `undefined`: that could not be looked at. */
  readonly freeBytes: bigint | undefined;
  /** Others than the first member, of a cluster that does not run: that theirs are copies is told by control files alone. */
  readonly hasUnsureOthers: boolean;
  readonly neededBytes: bigint;
  /** Why no pod of ours can be made, which rehearses; `undefined`: one can. */
  readonly walkbackProblem: string | undefined;
  /** Why nothing can be rehearsed beside the data, as they are mounted; `undefined`: it can. */
  readonly placeProblem: string | undefined;
  /** Why the cluster's own image cannot be told to restore, or no claim be made for it; `undefined`: it can. */
  readonly cloneProblem: string | undefined;
}

/** A way, and why it is that one. */
export interface ChosenWay {
  readonly way: RecoveryWay;
  readonly because: string;
  readonly passedOver: readonly PassedOverWay[];
}

function noRight(missing: readonly Right[]): string | undefined {
  return missing.length === 0 ? undefined : `this user may not ${missing.map(rightWords).join(', ')}`;
}

function needsFirst({ leaderOrdinal }: WayFacts): string | undefined {
  if (leaderOrdinal === undefined || leaderOrdinal === 0) return undefined;
  return `pod ${leaderOrdinal} leads, and this way needs pod 0 to ("patronictl switchover")`;
}

/** Why no pod of ours can work on the data. */
function noPod({ walkbackProblem, placeProblem }: WayFacts): string | undefined {
  return placeProblem ?? walkbackProblem;
}

const PROBLEMS: Record<RecoveryWay, (facts: WayFacts) => string | undefined> = {
  rebind: (facts) => noPod(facts) ?? facts.claimProblem,
  'in-volume': (facts) => {
    const none = noPod(facts);
    if (none !== undefined) return none;
    if (facts.accessModes.includes('ReadWriteOncePod'))
      return 'the claim is ReadWriteOncePod: no second pod may mount it';
    if (facts.hasUnsureOthers)
      return 'no pod takes writes, and this way removes the volumes of all members but the first';
    if (facts.freeBytes === undefined) return 'how much room its volume has could not be looked at';
    if (facts.freeBytes < facts.neededBytes)
      return `its volume has ${facts.freeBytes} bytes free, and ${facts.neededBytes} are needed`;
    return needsFirst(facts);
  },
  recreate: (facts) => noPod(facts) ?? facts.claimProblem ?? needsFirst(facts),
  clone: ({ cloneProblem }) => cloneProblem,
};

const REASONS: Record<RecoveryWay, string> = {
  rebind: 'volumes may be bound anew, and there is room for a second claim',
  'in-volume': 'the live volume has room for a second copy',
  recreate: 'there is room for a second claim, and the StatefulSet may be made anew',
  clone: 'no other way is open; the image restores by itself, while the cluster is down',
};

/**
 * Chooses.
 *
 * @throws {Failure} `refused` if no way can be taken, or not the one that was asked for; `denied` where rights alone are missing.
 */
export function chooseWay(facts: WayFacts, asked?: RecoveryWay): ChosenWay {
  const found = RECOVERY_WAYS.map((way) => ({ way, problem: noRight(facts.missing[way]) ?? PROBLEMS[way](facts) }));
  const passedOver: PassedOverWay[] = [];
  for (const { way, problem } of found) {
    if (asked !== undefined && way !== asked) continue;
    if (problem === undefined)
      return { way, because: asked === undefined ? REASONS[way] : 'it was asked for', passedOver };
    passedOver.push({ way, problem });
  }
  const areRightsAlone = found.every(({ way }) => facts.missing[way].length > 0);
  throw new Failure(areRightsAlone ? 'denied' : 'refused', {
    message: `cannot recover in this namespace: ${asked === undefined ? 'no way is open' : `the way ${asked} is not open`}`,
    remedy:
      'Ask for the rights that are missing (the chart has a Role with all of them), make room, or choose another way with --way.',
    facts: passedOver.map(({ way, problem }) => `${way}: ${problem}`),
  });
}
