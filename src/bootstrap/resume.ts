/**
 * What has to be done before Patroni starts again after a bootstrap was killed: Patroni itself leaves its `initialize` key
 * behind, empty, and then waits for ever for somebody to finish; and data that were put in place but not taken over yet it would
 * start as a secondary, without the roles and passwords of the new cluster.
 *
 * So the key of a run of this host's is taken away, and data that nobody has taken over are moved back beside the data
 * directory: the next bootstrap goes on where the last one was killed. What a killed initdb has left is set aside, so that
 * the next one begins anew (`half-made.ts`).
 *
 * Source: `patroni/ha.py` (`bootstrap`, `post_bootstrap`, `_run_cycle`).
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { runningPostmaster } from '../instance/postmaster.ts';
import { lockBootstrap } from './bootstrap-lock.ts';
import { isHalfMade, setAside } from './half-made.ts';
import { isInPlace } from './in-place.ts';
import { openBootstrapJournal, readBootstrapJournal, type BootstrapEntry } from './journal.ts';
import { isPlaceFree, takeOutOfPlace } from './place.ts';
import type { BootstrapRun } from './uses.ts';

/** One member's key. */
export interface BootstrapMember {
  readonly name: string;
  readonly state: string;
}

/** What is asked of the DCS. */
export interface BootstrapKeys {
  /** The system identifier; empty while somebody bootstraps; `undefined` before. */
  readonly initialize: string | undefined;
  readonly leader: string | undefined;
  readonly members: readonly BootstrapMember[];
}

/** The DCS, as far as it is needed here. */
export interface BootstrapDcs {
  show(): Promise<BootstrapKeys>;
  /** Removes the key while it is empty and nobody leads. */
  cancelInitialize(): Promise<boolean>;
}

/** What to do. */
export type ResumeDecision =
  | { readonly kind: 'nothing'; readonly why: string }
  /** Patroni has taken the data over: bootstraps are over. */
  | { readonly kind: 'initialized' }
  /** An initdb of this host was killed, and no server has run on what it has made. */
  | { readonly kind: 'setAside' }
  /** The key is of a killed run of this host. */
  | { readonly kind: 'release'; readonly takesOut: boolean }
  /** The key may be of a killed run of this host that had not come to its journal, or of another member at work. */
  | { readonly kind: 'watch' };

/** What is known. */
export interface ResumeFacts {
  readonly entries: readonly BootstrapEntry[];
  readonly keys: BootstrapKeys;
  /** The data directory is empty or absent. */
  readonly isFree: boolean;
  /** The data directory holds what the last attempt has put there. */
  readonly isOurs: boolean;
  /** The data directory holds what an initdb has made, and no server has ever run there. */
  readonly isHalfMade: boolean;
  /** The name of this member. */
  readonly member: string;
  /** Patroni will bootstrap by walkback again, and not make an empty cluster. */
  readonly willGoOn: boolean;
}

/** Patroni's words for a member that is at work on a bootstrap. Source: `patroni/postgresql/misc.py` (`PostgresqlState`). */
const BOOTSTRAPPING: ReadonlySet<string> = new Set([
  'initializing new cluster',
  'running custom bootstrap script',
  'starting after custom bootstrap',
  'starting',
  'running',
]);

/** True if the last run of this host had the key and neither gave it back nor lost it. */
function heldKey(entries: readonly BootstrapEntry[]): boolean {
  const last = entries.findLast(({ event }) => event === 'runBegun' || event === 'runEnded' || event === 'released');
  return last !== undefined && last.event !== 'released' && !(last.event === 'runEnded' && last.outcome === 'failed');
}

/** What to do, from what is known: pure. */
export function decideResume(facts: ResumeFacts): ResumeDecision {
  const { entries, keys, isFree, isOurs, isHalfMade: isHalf, member, willGoOn } = facts;
  if (entries.some(({ event }) => event === 'initialized')) return nothing('the cluster is initialized');
  // Whatever the keys say: nothing can be made of it, and what they say is looked at again without it.
  if (isHalf && !isOurs) return { kind: 'setAside' };
  if (keys.initialize === undefined) return nothing('nobody bootstraps');
  if (keys.initialize !== '') return isOurs ? { kind: 'initialized' } : nothing('the cluster is initialized');
  if (keys.leader !== undefined) return nothing(`${keys.leader} leads`);
  const other = keys.members.find(({ name, state }) => name !== member && BOOTSTRAPPING.has(state));
  if (other !== undefined) return nothing(`${other.name} bootstraps (${other.state})`);
  if (!isFree && !isOurs) return nothing('the data directory holds something else');
  // Beside an empty data directory Patroni would make an empty cluster of it.
  if (isOurs && !willGoOn) return nothing('the data are in place, and no clone is asked for any more');
  if (isOurs || heldKey(entries)) return { kind: 'release', takesOut: isOurs };
  return { kind: 'watch' };
}

function nothing(why: string): ResumeDecision {
  return { kind: 'nothing', why };
}

/** What to look at, and how long. */
export interface ResumeRequest extends BootstrapRun {
  readonly dcs: BootstrapDcs;
  readonly member: string;
  /** Patroni is set to bootstrap by `walkback bootstrap clone` or `basebackup`: finished data may be moved back beside. */
  readonly willGoOn: boolean;
  /**
   * How long nobody may be seen at work on a bootstrap, before a key that is not known to be of this host counts as left
   * behind. Longer than a member needs to show itself: two of Patroni's `loop_wait`.
   */
  readonly watchMs: number;
}

const POLL_MS = 1000;

async function factsOf({ place, dcs, member, willGoOn }: ResumeRequest): Promise<ResumeFacts> {
  const entries = await readBootstrapJournal(place.folder);
  const isFree = await isPlaceFree(place);
  const isOurs = await isInPlace(place, entries);
  const keys = await dcs.show();
  return { entries, keys, isFree, isOurs, isHalfMade: await isHalfMade(place.dataDirectory), member, willGoOn };
}

/**
 * Looks, and does what is to be done. To be called before Patroni is started, while no server runs on the data directory.
 *
 * @returns what was found and done, in words.
 * @throws {Failure} `unavailable` while the DCS does not answer.
 */
export async function resumeBootstrap(request: ResumeRequest): Promise<string> {
  const { place } = request;
  if (await isSettled(request)) return 'nothing to go on with: the cluster is initialized';
  if ((await runningPostmaster(place.dataDirectory)) !== undefined) return 'a server runs on the data directory';
  const deadline = Date.now() + request.watchMs;
  let before = '';
  for (;;) {
    request.signal?.throwIfAborted();
    const facts = await factsOf(request);
    const decision = decideResume(facts);
    if (decision.kind === 'nothing') return before || `nothing to go on with: ${decision.why}`;
    if (decision.kind === 'initialized') return settle(request);
    if (decision.kind === 'release') return before + (await release(request, decision.takesOut));
    if (decision.kind === 'setAside') {
      const aside = await setAside(place.dataDirectory);
      before = `what a killed initdb has left is set aside in ${aside}; `;
    } else if (Date.now() >= deadline) return before + (await release(request, false));
    else await sleep(POLL_MS);
  }
}

/** Without asking the DCS: a cluster that was taken over long ago starts also while that is away. */
async function isSettled({ place }: ResumeRequest): Promise<boolean> {
  return (await readBootstrapJournal(place.folder)).some(({ event }) => event === 'initialized');
}

/**
 * To be called once this member leads: what it leads with may be a cluster that was bootstrapped here, and Patroni's `post_init`
 * is behind it. That is written down at once and not at the next start, before which both data and DCS may be lost: nothing
 * else tells this host's own attempt, which may be made again, from a clone that has lived.
 *
 * @throws {Failure} `unavailable` while the DCS does not answer.
 */
export async function settleOnceLeading(request: ResumeRequest): Promise<void> {
  const entries = await readBootstrapJournal(request.place.folder);
  if (entries.length === 0 || (await isSettled(request))) return;
  if (decideResume(await factsOf(request)).kind === 'initialized') await settle(request);
}

/** Bootstraps are over. What an upgrade has kept stays, until somebody removes it. */
async function settle(request: ResumeRequest): Promise<string> {
  const { place } = request;
  await using journal = await openBootstrapJournal(place.folder, () => nowOf(request));
  await journal.append({ event: 'initialized' });
  for (const name of ['spool', 'socket']) await rm(`${place.folder}/${name}`, { recursive: true, force: true });
  return 'the cluster that was bootstrapped here is initialized';
}

function nowOf({ nowUs }: BootstrapRun): Date {
  return new Date(Number(nowUs() / 1000n));
}

async function release(request: ResumeRequest, takesOut: boolean): Promise<string> {
  const { place, dcs } = request;
  await using _lock = await lockBootstrap(request);
  await using journal = await openBootstrapJournal(place.folder, () => nowOf(request));
  if (takesOut) {
    await takeOutOfPlace(place);
    await journal.append({ event: 'undone', step: 'putInPlace' });
  }
  const isRemoved = await dcs.cancelInitialize();
  await journal.append({ event: 'released' });
  const key = isRemoved
    ? 'the initialize key of a bootstrap that was killed is taken away'
    : 'there is no initialize key';
  return takesOut ? `${key}; its finished data wait in ${place.data}` : `${key}; it is gone on with`;
}
