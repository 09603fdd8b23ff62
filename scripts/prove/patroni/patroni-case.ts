/**
 * One case: a workload with its oracle, a recovery to a random transaction of it, everything compared on every member, the
 * undo, everything compared again.
 */

import { whyNotAccepted } from '../../../src/cluster/accept-member.ts';
import { connect, type Connection } from '../../../src/instance/connection.ts';
import { differencesFrom, stateAfter, type ModelState } from '../../../tests/support/oracle.ts';
import type { PatroniTestCluster } from '../../../tests/support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../../../tests/support/patroni/patroni-member.ts';
import { archiveByHand } from '../../../tests/support/patroni/recover-by-hand.ts';
import { walkbackOn } from '../../../tests/support/patroni/recoverable-member.ts';
import { seededRandom, type Random } from '../../../tests/support/random.ts';
import { openWorkload, type Workload } from '../../../tests/support/workload.ts';
import { drive } from './driven-work.ts';
import { chooseFault, FAULTS, type Fault } from './faults.ts';
import { Load, loadDifferences, type LoadMark } from './load.ts';

/** What a case does. */
export interface CaseOptions {
  readonly seed: number;
  readonly faults: { readonly recover: Fault['kind']; readonly undo: Fault['kind'] };
  readonly log: (line: string) => void;
}

/** The faults of a seed: each pair comes up once in every 25 in a row. */
export function faultsOf(seed: number): CaseOptions['faults'] {
  const kind = (index: number): Fault['kind'] => FAULTS[index % FAULTS.length] ?? 'none';
  return { recover: kind(seed), undo: kind(seed + Math.floor(seed / FAULTS.length) + 1) };
}

interface Written {
  readonly workload: Workload;
  readonly marks: readonly LoadMark[];
  readonly load: Load;
}

/** The workload has ended when this comes back; the load goes on. */
async function write(
  cluster: PatroniTestCluster,
  leader: PatroniMember,
  seed: number,
  random: Random,
): Promise<Written> {
  const database = `case_${seed}`;
  await leader.sql(`CREATE DATABASE ${database}`);
  const load = await Load.start(cluster, database);
  const marks: LoadMark[] = [load.mark];
  const onCommit = (): void => void marks.push(load.mark);
  const workload = await openWorkload({ seed, sessions: 3, connect: () => leader.connect(database), onCommit });
  await workload.run(random.between(25, 40));
  await workload.close();
  await archiveByHand(leader);
  return { workload, marks, load };
}

async function connectionTo(member: PatroniMember): Promise<Connection> {
  const { socketDirectory: host, postgresPort: port } = member;
  return connect({ host, port, user: 'postgres', database: 'postgres' });
}

/** Every member is accepted, on the leader's timeline, and the leader is the one that it was. */
async function notAccepted(cluster: PatroniTestCluster, leader: PatroniMember): Promise<string[]> {
  const found = await cluster.untilHealthy(cluster.members, 240_000);
  if (found !== leader) return [`${found.name} leads, not ${leader.name}`];
  const problems: string[] = [];
  await using own = await connectionTo(leader);
  for (const replica of cluster.members.filter((member) => member !== leader)) {
    await using other = await connectionTo(replica);
    const reason = await whyNotAccepted({ leader: own, member: other, memberName: replica.name });
    if (reason !== undefined) problems.push(reason);
  }
  return problems;
}

/** What is compared: the oracle's state, and the load's rows. */
interface Expected {
  readonly state: ModelState;
  readonly least: number;
  readonly most: number;
}

async function differences(cluster: PatroniTestCluster, database: string, expected: Expected): Promise<string[]> {
  const found: string[] = [];
  for (const member of cluster.members) {
    const client = await member.connect(database);
    try {
      const rows = [
        ...(await differencesFrom(client, expected.state)),
        ...(await loadDifferences(client, expected.least, expected.most)),
      ];
      found.push(...rows.slice(0, 3).map((row) => `${member.name}: ${row}`));
    } finally {
      await client.end();
    }
  }
  return found;
}

async function timelineOf(member: PatroniMember): Promise<number> {
  const [row] = await member.sql<{ t: string }>('SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS t');
  return Number.parseInt(row?.t ?? '', 16);
}

/** A plan to just before the commit of that number. @returns its id. */
async function plan(cluster: PatroniTestCluster, leader: PatroniMember, xid: number): Promise<string> {
  const end = await walkbackOn(cluster, leader, ['recover', 'plan', '--before-xid', String(xid)]);
  const id = /recover run (\w+)/.exec(end.out)?.[1];
  if (id === undefined) throw new Error(`there is no plan: ${end.out}${end.err}`);
  return id;
}

/** Runs one case. @returns what went wrong; nothing if all is as claimed. */
export async function runPatroniCase(cluster: PatroniTestCluster, options: CaseOptions): Promise<string[]> {
  const { seed, faults, log } = options;
  const random = seededRandom(seed * 7919 + 1);
  const leader = await cluster.untilHealthy();
  const before = await timelineOf(leader);
  const { workload, marks, load } = await write(cluster, leader, seed, random);
  const { commits } = workload;
  const count = random.between(Math.floor(commits.length / 3), commits.length - 1);
  const driven = { cluster, leader, random, log, id: await plan(cluster, leader, commits[count]?.xid ?? 0) };
  log(`  to just before commit ${count} of ${commits.length - 1} on ${leader.name}, plan ${driven.id}`);

  const problems = await drive({ ...driven, work: 'recover', fault: chooseFault('recover', faults.recover, random) });
  const last = await load.stop();
  if (problems.length > 0) return problems;
  problems.push(...(await notAccepted(cluster, leader)));
  // The commit that the target is just before had not been asked for at the mark before it.
  const recovered = {
    state: stateAfter(commits, count),
    least: marks[count - 1]?.acknowledged ?? 0,
    most: marks[count]?.sent ?? 0,
  };
  problems.push(...(await differences(cluster, load.database, recovered)));
  const after = await timelineOf(leader);
  if (after <= before) problems.push(`the recovered cluster is on timeline ${after}, and was on ${before}`);
  if (problems.length > 0) return problems;

  problems.push(...(await drive({ ...driven, work: 'undo', fault: chooseFault('undo', faults.undo, random) })));
  if (problems.length > 0) return problems;
  problems.push(...(await notAccepted(cluster, leader)));
  const all = { state: stateAfter(commits, commits.length), least: last.acknowledged, most: last.sent };
  problems.push(...(await differences(cluster, load.database, all)));
  if ((await timelineOf(leader)) <= after) problems.push('the undo has opened no timeline of its own');
  if (problems.length > 0) return problems;

  const released = await walkbackOn(cluster, leader, ['release', driven.id, '--yes']);
  if (released.code !== 0) problems.push(`cannot release it: ${released.err}`);
  await leader.sql(`DROP DATABASE ${load.database}`);
  return problems;
}
