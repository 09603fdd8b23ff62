/**
 * Writes held while the data are exchanged, if a run is asked to: applications that write on would write what is set aside a
 * moment later, and then into data that nobody has proven yet.
 *
 * What was set before is in a file of the recovery before anything is changed, and stays there: data that an undo brings back
 * hold the setting too.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import type { ReadOnlyDefault } from '../cluster/cluster.ts';
import { sessionsBegin } from '../cluster/read-only-default.ts';
import { queryText } from '../instance/connection.ts';
import { factsOf, isStepDone, type StepFacts } from './journal.ts';
import { recoveryFile, type RecoveryContext } from './recovery-context.ts';

const FILE = 'read-only-default';
const NOT_HELD: StepFacts = { held: false };
/** Told from a run that was not asked to: its cutover may be gone on with in the same words. */
const CANNOT_HOLD: StepFacts = { held: false, asked: true };

function isReadOnlyDefault(text: string): text is ReadOnlyDefault {
  return text === 'on' || text === 'off' || text === 'unset';
}

/** What was set before writes were held; `undefined` if they never were. */
async function setBefore(context: RecoveryContext): Promise<ReadOnlyDefault | undefined> {
  const text = (await readFile(recoveryFile(context, FILE), 'utf8').catch(() => '')).trim();
  return isReadOnlyDefault(text) ? text : undefined;
}

/** True if the live server, which runs, takes no writes because of this recovery. */
export async function areWritesHeld(context: RecoveryContext): Promise<boolean> {
  if ((await setBefore(context)) === undefined) return false;
  await using connection = await context.uses.cluster.connect();
  return (await sessionsBegin(connection)) === 'on';
}

/** True if writes are held by a run that was interrupted since, or are to be held now and can be. */
async function isToBeHeld(context: RecoveryContext): Promise<boolean> {
  const { uses, holdsWrites } = context;
  if ((await setBefore(context)) !== undefined) return true;
  if (holdsWrites !== true || (await uses.cluster.state()) !== 'running') return false;
  await using connection = await uses.cluster.connect();
  return (await sessionsBegin(connection)) === 'off';
}

const END_SESSIONS = `select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
  where backend_type = 'client backend' and pid <> pg_backend_pid()`;

/** Sessions begin read-only from now on, and those that had begun are ended. Nothing if it is not asked, or nothing runs. */
export async function holdWrites(context: RecoveryContext): Promise<StepFacts> {
  const { cluster } = context.uses;
  if (!(await isToBeHeld(context))) return context.holdsWrites === true ? CANNOT_HOLD : NOT_HELD;
  const before = (await setBefore(context)) ?? (await cluster.readOnlyDefault());
  await writeFileDurably(recoveryFile(context, FILE), Buffer.from(`${before}\n`));
  await cluster.setReadOnlyDefault('on');
  await using connection = await cluster.connect();
  return { held: true, before, sessionsEnded: Number(await queryText(connection, END_SESSIONS)) };
}

/**
 * Before a cutover is gone on with: a run that is asked to hold writes where the one before was not takes the step again, as long
 * as the live server still runs.
 *
 * @throws {Failure} `usage` if that comes too late, and nothing would be held.
 */
export async function holdLateIfAsked({ uses, plan, journal, holdsWrites }: RecoveryContext): Promise<void> {
  const { entries } = journal;
  const { held, asked } = factsOf(entries, 'holdWrites') ?? {};
  if (holdsWrites !== true || !isStepDone(entries, 'holdWrites') || held === true) return;
  if (!isStepDone(entries, 'stopLive') && (await uses.cluster.state()) === 'running') {
    await journal.append({ event: 'undone', step: 'holdWrites' });
    return;
  }
  if (asked === true) return;
  throw new Failure('usage', {
    message: `cannot use --hold-writes with recovery ${plan.id} any more: its cutover was begun without it, and the server is stopped by now, or exchanged`,
    remedy: `Keep the applications away yourself, and go on without it:  walkback recover run ${plan.id}`,
  });
}

/** What was set before is set again. Nothing if writes were never held. */
export async function letWritesGo(context: RecoveryContext): Promise<StepFacts> {
  const before = await setBefore(context);
  if (before === undefined) return NOT_HELD;
  await context.uses.cluster.start();
  await context.uses.cluster.setReadOnlyDefault(before);
  return { letGo: true };
}
