/**
 * Whether a member may be offered to applications, and what it is doing if not.
 *
 * Ready are two: the leader that holds the lock, and a replica that was accepted, that is, proven to follow the leader on
 * the leader's own line of history. What a replica says of itself is not enough: one that has replayed the abandoned line
 * after a recovery runs, has no lag, and serves rows that the recovery removed.
 *
 * Liveness is not here, and that is meant: nothing that PostgreSQL does, or does not do yet, is a reason to kill a restore.
 *
 * @module
 */

import type { WorkNote } from '../instance/work-note.ts';

/** What Patroni says of its member. */
export interface MemberFacts {
  /** Patroni's own word: `running`, `streaming`, `starting`, `creating replica`, `running custom bootstrap script` … */
  readonly state: string;
  /** `leader` for a primary (Patroni 3: `master`), and for the leader of a standby cluster. */
  readonly role: 'leader' | 'replica' | 'uninitialized' | 'other';
  /** This member holds the leader's lock, as Patroni sees it. */
  readonly hasLock: boolean;
  readonly timeline: number | undefined;
  /** The cluster is paused: nobody takes the lead by itself. */
  readonly isPaused: boolean;
}

/** Whether a replica was proven to follow. */
export type Acceptance =
  | { readonly accepted: true }
  /** `mustNotLead`: it has what the leader has not. Known only where it was compared with one. */
  | { readonly accepted: false; readonly why: string; readonly mustNotLead?: boolean };

/** What is kept from a member: nothing, readers, or readers and the lead. */
export type Fenced = 'nothing' | 'readers' | 'readersAndLead';

/** Everything that readiness is made of. */
export interface Standing {
  /** What the supervisor itself does. */
  readonly stage: 'preparing' | 'running' | 'stopping';
  /** Why preparing has not ended, in words. */
  readonly preparing: string | undefined;
  /** Why Patroni is held back; `undefined` if it is not. */
  readonly held: string | undefined;
  readonly isPatroniRunning: boolean;
  /** Ends of Patroni since it was last well. */
  readonly patroniEndsInARow: number;
  /** `undefined` while Patroni does not answer. */
  readonly member: MemberFacts | undefined;
  /** Of a replica that runs; `undefined` before it was looked at. */
  readonly acceptance: Acceptance | undefined;
  readonly work: WorkNote | undefined;
}

/** The answer. */
export type Readiness =
  | { readonly isReady: true; readonly role: 'leader' | 'replica' }
  | { readonly isReady: false; readonly phase: Phase; readonly why: string };

/** What a member that is not ready does. */
export type Phase =
  | 'preparing'
  | 'held'
  | 'stopping'
  | 'starting Patroni'
  | 'bootstrapping'
  | 'creating replica'
  | 'starting PostgreSQL'
  | 'waiting for the lock'
  | 'not accepted';

/** A state in which PostgreSQL answers; a replica's is `streaming` or `in archive recovery` in some listings. */
const RUNNING = new Set(['running', 'streaming', 'in archive recovery']);

function notReady(phase: Phase, why: string): Readiness {
  return { isReady: false, phase, why };
}

/** Decides. */
export function readiness(standing: Standing): Readiness {
  const { stage, preparing, held, member, acceptance } = standing;
  if (stage === 'preparing') return notReady('preparing', preparing ?? 'nothing is started yet');
  if (stage === 'stopping') return notReady('stopping', 'the container was asked to stop');
  if (held !== undefined) return notReady('held', `Patroni is held back: ${held}`);
  if (!standing.isPatroniRunning) {
    const ends = standing.patroniEndsInARow;
    return notReady('starting Patroni', ends === 0 ? 'it is not started yet' : `it has ended ${ends} times in a row`);
  }
  if (member === undefined) return notReady('starting Patroni', 'its REST API does not answer');
  if (!RUNNING.has(member.state)) return notRunning(member.state);
  if (member.role === 'leader') {
    return member.hasLock
      ? { isReady: true, role: 'leader' }
      : notReady('waiting for the lock', 'it is a primary without the lock of the leader');
  }
  if (member.role !== 'replica') return notReady('starting PostgreSQL', 'its role is not known yet');
  if (acceptance === undefined) return notReady('not accepted', 'it was not compared with the leader yet');
  return acceptance.accepted ? { isReady: true, role: 'replica' } : notReady('not accepted', acceptance.why);
}

function notRunning(state: string): Readiness {
  if (/bootstrap|initializing/.test(state)) return notReady('bootstrapping', state);
  if (/creating replica/.test(state)) return notReady('creating replica', state);
  return notReady('starting PostgreSQL', state);
}

/**
 * What Patroni is to keep from the member: `undefined` while there is nothing that anybody could read.
 *
 * @param before what it keeps now. A replica that was found to be of another history must not lead until it is proven to follow,
 *   also when the leader that it was compared with has died since.
 */
export function fencedFrom(
  { member, acceptance }: Pick<Standing, 'member' | 'acceptance'>,
  before: Fenced | undefined,
): Fenced | undefined {
  if (member === undefined || !RUNNING.has(member.state)) return undefined;
  if (member.role !== 'replica') return member.role === 'leader' ? 'nothing' : undefined;
  if (acceptance?.accepted === true) return 'nothing';
  return acceptance?.mustNotLead === true || before === 'readersAndLead' ? 'readersAndLead' : 'readers';
}

/** Everything there is to tell of a member, for whoever asks why. */
export function readinessBody(standing: Standing): object {
  const answer = readiness(standing);
  const { member, work, held } = standing;
  const progress =
    work === undefined
      ? {}
      : {
          work: {
            ...work,
            ...(work.done !== undefined && work.total !== undefined && work.total > 0
              ? { percent: Math.floor((100 * work.done) / work.total) }
              : {}),
          },
        };
  const { isReady, ...rest } = answer;
  return {
    ready: isReady,
    ...rest,
    ...(member === undefined ? {} : { patroni: member }),
    ...(held === undefined ? {} : { held }),
    ...progress,
  };
}
