/**
 * Pausing Patroni, and who has to say that it is paused: whoever leads, and every member that could. One that is away is not
 * waited for: a Patroni reads of the pause in the same look by which it would take the lead.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../../base/failure.ts';
import { STEP_UNDER_WAY } from '../../base/progress.ts';
import type { WhereWeAre } from '../api/kubernetes-api.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import { forceDelete, isNodeAway, removeByHand } from '../api/node-away.ts';
import type { SwapUses } from './context.ts';
import { askToPause, hasPaused, readPatroniState } from './patroni-objects.ts';
import type { PatroniObjects } from './plan-value.ts';
import { podRef } from './pods-gone.ts';

const POLL_MS = 500;
const ACKNOWLEDGE_MS = 60_000;

/** What is paused. */
export interface AskedToPause {
  readonly patroni: PatroniObjects;
  readonly pods: readonly string[];
  /** The one that Patroni runs in. */
  readonly container: string;
}

/** Whose word there is. */
export interface PausedMembers {
  readonly acknowledged: readonly string[];
  /** Those that were not waited for, each with why: `db-2 (its node n2 does not answer)`. */
  readonly passedOver: readonly string[];
}

/** What a member has said. `silent`: it must; `unready`: it is given its time, and then passed over; `away`: it is passed over. */
export interface MemberWord {
  readonly pod: string;
  readonly word: 'paused' | 'silent' | 'unready' | 'away';
  readonly isNodeAway: boolean;
  /** Of one that has said nothing; may be empty. */
  readonly why: string;
}

/** What is known of a member besides its pod. */
export interface MemberFacts {
  readonly name: string;
  readonly container: string;
  readonly isLeader: boolean;
  /** Since the Unix epoch. */
  readonly nowMs: number;
}

/** Whether a member has said that it is paused, and whether it could. `undefined`: it has no pod. */
export function wordOf(
  found: Pod | undefined,
  { name: pod, container, isLeader, nowMs }: MemberFacts,
): MemberWord | undefined {
  if (found?.status?.phase !== 'Running') return undefined;
  const lost = isNodeAway(found, nowMs);
  const says = (word: MemberWord['word'], why: string): MemberWord => ({ pod, word, isNodeAway: lost, why });
  if (hasPaused(found)) return says('paused', '');
  const status = found.status.containerStatuses?.find(({ name }) => name === container);
  if (status !== undefined && status.state?.running === undefined) return says('away', 'its container does not run');
  const node = `its node ${found.spec?.nodeName ?? ''} does not answer`;
  if (isLeader) return says('silent', lost ? `it leads, and ${node}` : 'it leads');
  if (lost) return says('away', node);
  if (found.metadata?.deletionTimestamp !== undefined) return says('away', 'its pod is being removed');
  return status?.ready === false ? says('unready', 'it is not ready, and has said nothing') : says('silent', '');
}

function lostPods(words: readonly MemberWord[]): string[] {
  return words.filter((one) => one.isNodeAway).map(({ pod }) => pod);
}

function silentFailure(where: WhereWeAre, silent: readonly MemberWord[]): Failure {
  const names = silent.map(({ pod, why }) => (why === '' ? pod : `${pod} (${why})`)).join(', ');
  const lost = lostPods(silent);
  return new Failure('unavailable', {
    message: `cannot pause Patroni: ${names} has not said that it is paused`,
    remedy:
      lost.length === 0
        ? 'See the log of Patroni there; it may not reach the API server, or its node has gone just now. Nothing has been stopped. Go on, or undo.'
        : `Its node may be away. Once it is proven that nothing runs there:  ${forceDelete(where, lost)}\nNothing has been stopped. Go on, or undo: Patroni then lets another member lead, and a new recovery goes by that one.`,
  });
}

/** What is left for somebody to do, of a node that is away. */
function passedOverWords(where: WhereWeAre, away: readonly MemberWord[]): string {
  const words = `not waited for: ${away.map(({ pod, why }) => `${pod} (${why})`).join(', ')}`;
  const lost = lostPods(away);
  return lost.length === 0
    ? words
    : `${words}. Its pod has to go before data are exchanged. ${removeByHand(where, lost)}`;
}

/**
 * Pauses Patroni, and waits until each member has said so that can.
 *
 * @throws {Failure} `unavailable` if the leader, or a member that is ready, does not in a minute.
 */
export async function pausePatroni(
  { api, onProgress }: Pick<SwapUses, 'api' | 'onProgress'>,
  { patroni, pods, container }: AskedToPause,
  timeoutMs: number = ACKNOWLEDGE_MS,
): Promise<PausedMembers> {
  await askToPause(api, patroni);
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { leader } = await readPatroniState(api, patroni);
    const looks = pods.map(async (name) => {
      const facts = { name, container, isLeader: name === leader, nowMs: Date.now() };
      return wordOf(await api.get<Pod>(podRef(name)), facts);
    });
    const words = (await Promise.all(looks)).filter((one) => one !== undefined);
    const isLate = Date.now() > deadline;
    const silent = words.filter(({ word }) => word === 'silent' || (word === 'unready' && !isLate));
    if (silent.length === 0) {
      const acknowledged = words.filter(({ word }) => word === 'paused').map(({ pod }) => pod);
      const away = words.filter(({ word }) => word !== 'paused');
      const told = { phase: STEP_UNDER_WAY, done: acknowledged.length, total: pods.length, unit: 'members' } as const;
      if (away.length > 0) onProgress({ ...told, note: passedOverWords(api.where, away) });
      return { acknowledged, passedOver: away.map(({ pod, why }) => `${pod} (${why})`) };
    }
    if (isLate) throw silentFailure(api.where, silent);
    await sleep(POLL_MS);
  }
}
