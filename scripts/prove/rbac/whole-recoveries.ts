/**
 * Recoveries to their end with exactly the rights of the chart's account: in Jobs as that account, and from here in its name.
 *
 * @module
 */

import { walkbackIn } from '../kubernetes/operate.ts';
import { without, type Granted } from './chart-account.ts';
import { asAccount, names, words, type Played } from './played.ts';

/** Rows that there are with the bad transaction, and just before it. */
const [ROWS_AFTER, ROWS_BEFORE] = ['1', '5000'];

/** What went wrong with one, in words. */
type Problem = string | undefined;

async function valueOf({ database }: Played, statement: string): Promise<string> {
  const client = await database.connect(await database.untilLeader(300_000));
  try {
    const { rows } = await client.query<{ value: string | null }>(statement);
    return rows[0]?.value ?? '';
  } finally {
    await client.end();
  }
}

const rowsOf = (played: Played): Promise<string> =>
  valueOf(played, 'SELECT count(*)::text AS value FROM orders').catch(String);
const tableOf = (played: Played): Promise<string> =>
  valueOf(played, "SELECT coalesce(to_regclass('orders')::text, 'no table') AS value").catch(String);

/** Planned by somebody with more rights than the Job's account has: the Job refuses before it does anything. */
async function carryWithout({ database, account }: Played, id: string, right: Granted): Promise<Problem> {
  await database.bed.apply(without(account, right));
  const run = await walkbackIn(database, ['recover', 'run', id, '--in-cluster', '--yes']);
  await database.bed.apply(account);
  if (run.code === 0) return `a Job without ${words(right)} recovers all the same`;
  const status = await walkbackIn(database, ['recover', 'status', id, '--json']);
  if (!/"state": ?"planned"/.test(status.out))
    return `a Job without ${words(right)} has begun: ${status.out.slice(0, 200)}`;
  return names(run.err, right) ? undefined : `a Job does not name ${words(right)}: ${run.err.slice(0, 300)}`;
}

/** An id out of JSON that a plan has printed. */
function idIn(out: string): string {
  const { recovery } = JSON.parse(out) as { readonly recovery: { readonly id: string } };
  return recovery.id;
}

/** Runs walkback as the account. @returns what went wrong. */
async function done({ database }: Played, args: readonly string[]): Promise<Problem> {
  const run = await walkbackIn(database, args, asAccount(database));
  return run.code === 0 ? undefined : `${args.join(' ')} ended with ${run.code}: ${run.err.slice(-600)}`;
}

/** What is there, unless it is as it must be. */
async function unless(found: Promise<string>, expected: string, after: string): Promise<Problem> {
  const is = await found;
  return is === expected ? undefined : `after ${after} there is ${is}, and not ${expected}`;
}

/** The first that is wrong: what comes behind it would be of another cluster than it is meant for. */
async function firstWrong(steps: readonly (() => Promise<Problem>)[]): Promise<Problem> {
  for (const step of steps) {
    const problem = await step();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A recovery by a Job, refused once for want of a right, and its undo. @returns what went wrong. */
async function byJob(played: Played, way: 'rebind' | 'clone', lacking: Granted): Promise<Problem> {
  const { database, account, xid } = played;
  await database.bed.apply(account);
  const target = ['--before-xid', String(xid), '--way', way];
  const planned = await walkbackIn(database, ['recover', 'plan', ...target, '--in-cluster', '--json']);
  if (planned.code !== 0) return `it cannot be planned for a Job: ${planned.err.slice(-400)}`;
  const id = idIn(planned.out);
  return firstWrong([
    () => carryWithout(played, id, lacking),
    () => done(played, ['recover', 'run', id, '--in-cluster', '--yes']),
    () => unless(rowsOf(played), ROWS_BEFORE, 'the recovery'),
    () => done(played, ['undo', id, '--in-cluster', '--yes']),
    () => unless(rowsOf(played), ROWS_AFTER, 'the undo'),
  ]);
}

/** A *clone* from here, in the account's name, and its undo. @returns what went wrong. */
export async function cloneAndBack(played: Played): Promise<Problem> {
  const { database, account, xid } = played;
  await database.bed.apply(account);
  const target = ['--before-xid', String(xid), '--way', 'clone'];
  const planned = await walkbackIn(database, ['recover', 'plan', ...target, '--json'], asAccount(database));
  if (planned.code !== 0) return `it cannot be planned: ${planned.err.slice(-400)}`;
  const id = idIn(planned.out);
  return firstWrong([
    () => done(played, ['recover', 'run', id, '--yes']),
    () => unless(rowsOf(played), ROWS_BEFORE, 'the recovery'),
    () => done(played, ['undo', id, '--yes']),
    () => unless(rowsOf(played), ROWS_AFTER, 'the undo'),
  ]);
}

/** A reset from here, in the account's name, and its undo. @returns what went wrong. */
export async function resetAndBack(played: Played): Promise<Problem> {
  const { database, account } = played;
  await database.bed.apply(account);
  const planned = await walkbackIn(database, ['cluster', 'reset', '--dry-run', '--json'], asAccount(database));
  if (planned.code !== 0) return `it cannot be planned: ${planned.err.slice(-400)}`;
  const id = idIn(planned.out);
  const confirmed = ['--yes', '--confirm-name', `${database.namespace.name}/${database.name}`];
  return firstWrong([
    () => done(played, ['cluster', 'reset', id, ...confirmed]),
    () => unless(tableOf(played), 'no table', 'the reset'),
    () => done(played, ['undo', id, '--yes']),
    () => unless(rowsOf(played), ROWS_AFTER, 'the undo'),
  ]);
}

const VOLUMES: Granted = { verb: 'patch', group: '', resource: 'persistentvolumes', isClusterWide: true };
/** Of *clone* alone. */
const FORGETTING: Granted = { verb: 'delete', group: '', resource: 'configmaps' };

/** All of them, each taken back. @param of the cluster whose Patroni keeps its state in such objects. */
export async function wholeRecoveries(
  of: (store: 'ConfigMap' | 'Endpoints') => Promise<Played>,
  log: Played['log'],
): Promise<{ readonly problems: readonly string[]; readonly done: readonly string[] }> {
  const all = [
    ['rebind by a Job', 'ConfigMap', (played: Played) => byJob(played, 'rebind', VOLUMES)],
    ['clone by a Job', 'ConfigMap', (played: Played) => byJob(played, 'clone', FORGETTING)],
    ['clone', 'Endpoints', cloneAndBack],
    ['reset', 'Endpoints', resetAndBack],
  ] as const;
  const problems: string[] = [];
  const whole: string[] = [];
  for (const [what, store, run] of all) {
    const problem = await run(await of(store));
    const text = `${what}, keys in ${store}`;
    log(`with exactly the chart's rights, ${text}: ${problem ?? 'done and undone'}`);
    if (problem === undefined) whole.push(text);
    else problems.push(`with exactly the chart's rights, ${text}: ${problem}`);
  }
  return { problems, done: whole };
}
