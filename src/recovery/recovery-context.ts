/**
 * What the steps of one recovery share: its plan, its journal, and where its things are.
 *
 * @module
 */

import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import type { ReplaySettings } from '../instance/private-settings.ts';
import type { PrivateServer } from '../instance/private-server.ts';
import { parseLsn, type Lsn } from '../postgres/lsn.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { factsOf, type Journal } from './journal.ts';
import type { Plan } from './plan-value.ts';
import type { StepName } from './step-names.ts';
import type { RecoveryUses } from './uses.ts';

/** What a plan says of its replay. */
export type ReplayPlan = Pick<Plan, 'id' | 'majorVersion' | 'target' | 'replay' | 'required' | 'walLevel' | 'space'>;

/** What replaying on a private server works with: folders of its own instead of a live cluster. */
export interface ReplayUses extends Pick<
  RecoveryUses,
  'store' | 'bin' | 'user' | 'restoreScript' | 'onProgress' | 'signal' | 'concurrency'
> {
  readonly cluster: Pick<Cluster, 'placeOf' | 'recoveryFolder' | 'freeBytes'>;
  /** The rehearsal listens on the loopback of its own network, with the passwords that its data hold: in a pod. */
  readonly listensOnLoopback?: boolean;
}

/** A private server and its files, whatever it is started for. */
export interface PrivateContext {
  readonly uses: Pick<ReplayUses, 'bin' | 'user' | 'listensOnLoopback'> & {
    readonly cluster: Pick<Cluster, 'recoveryFolder'>;
  };
  readonly plan: Pick<Plan, 'id' | 'majorVersion' | 'required' | 'walLevel'>;
}

/** Replay on a private server: of a recovery, or of a bootstrap, which has no live cluster beside it. */
export interface ReplayContext {
  readonly uses: ReplayUses;
  readonly plan: ReplayPlan;
  /** Of a recovery: replay that is done is not told of again. */
  readonly journal?: Pick<Journal, 'entries'>;
}

/** One recovery at work. */
export interface RecoveryContext {
  readonly uses: RecoveryUses;
  readonly plan: Plan;
  readonly journal: Journal;
  /** This run is asked to hold writes while it exchanges the data. */
  readonly holdsWrites?: boolean;
}

/** The longest path of a socket that every system takes (`sun_path` has 104 bytes on macOS, 108 on Linux). */
const LONGEST_SOCKET_PATH_BYTES = 103;
/** Only a name, unless a rehearsal listens on its loopback. */
export const PRIVATE_PORT = 5433;

/** Files of one recovery, all in its own folder. */
export function recoveryFile(context: PrivateContext, name: string): string {
  return join(context.uses.cluster.recoveryFolder(context.plan.id), name);
}

/**
 * Where private servers of a recovery have their socket: in its folder, or where that path would be too long, in a folder
 * of the system's temporary directory that its owner alone may enter.
 */
export function socketDirectoryOf(folder: string, id: string): string {
  const inFolder = join(folder, 'socket');
  const isShort = Buffer.byteLength(join(inFolder, `.s.PGSQL.${PRIVATE_PORT}`)) <= LONGEST_SOCKET_PATH_BYTES;
  return isShort ? inFolder : join(tmpdir(), `walkback-${process.getuid?.() ?? 'user'}-${id}`);
}

/** Which data a private server runs on, and how. */
export interface PrivateRun {
  readonly dataDirectory: string;
  readonly name: string;
  readonly archiving: 'held' | 'off';
  readonly replay?: ReplaySettings;
  readonly listensOnLoopback?: boolean;
}

/** A private server of this recovery. */
export function privateServer(context: PrivateContext, run: PrivateRun): PrivateServer {
  const { plan, uses } = context;
  const folder = uses.cluster.recoveryFolder(plan.id);
  return {
    dataDirectory: run.dataDirectory,
    bin: uses.bin,
    user: uses.user,
    logFile: join(folder, `${run.name}.log`),
    settings: {
      major: plan.majorVersion,
      socketDirectory: socketDirectoryOf(folder, plan.id),
      port: PRIVATE_PORT,
      configFile: join(folder, 'private.conf'),
      hbaFile: join(folder, 'private_hba.conf'),
      identFile: join(folder, 'private_ident.conf'),
      name: `walkback ${run.name} ${plan.id}`,
      required: plan.required,
      walLevel: plan.walLevel,
      archiving: run.archiving,
      ...(run.listensOnLoopback === true ? { listensOnLoopback: true } : {}),
      ...(run.replay === undefined ? {} : { replay: run.replay }),
    },
  };
}

/** The rehearsal's server: stops at the plan's target. */
export function rehearsalServer(context: ReplayContext, restoreCommand: string): PrivateServer {
  const { target, replay } = context.plan;
  const { listensOnLoopback } = context.uses;
  return privateServer(context, {
    dataDirectory: context.uses.cluster.placeOf(context.plan.id, 'rehearsal'),
    name: 'rehearsal',
    archiving: 'held',
    ...(listensOnLoopback === true ? { listensOnLoopback } : {}),
    replay: {
      restoreCommand,
      timeline: target.timeline,
      stopAt: { lsn: plannedLsn(target.lsn), inclusive: target.inclusive },
      mustNotReadAhead: replay.isBreakBehind === true,
    },
  });
}

/** A position from a plan or journal. */
export function plannedLsn(text: string): Lsn {
  const position = parseLsn(text);
  if (position !== undefined) return position;
  throw new Failure('corrupt', {
    message: `cannot use ${JSON.stringify(text)} from the plan as a WAL position`,
    remedy: 'Make a new plan:  walkback recover plan',
  });
}

/** A fact that an earlier step must have left. */
export function factOf(context: RecoveryContext, step: StepName, name: string): string {
  const fact = factsOf(context.journal.entries, step)?.[name];
  if (fact !== undefined) return String(fact);
  throw new Failure('corrupt', {
    message: `cannot go on with recovery ${context.plan.id}: its journal has no ${name} of step ${step}`,
    remedy: `Undo it:  walkback undo ${context.plan.id}`,
  });
}
