/**
 * One case: a workload with its oracle and a load beside it, a recovery to just before a random transaction of it, everything
 * compared on every member; the undo, compared; the recovery again, compared. After each, what was put aside of every member is
 * looked at from outside.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import type { RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import type { Bed } from '../../../tests/support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../../../tests/support/kubernetes/patroni-database.ts';
import { differencesFrom, stateAfter, type ModelState } from '../../../tests/support/oracle.ts';
import { seededRandom, type Random } from '../../../tests/support/random.ts';
import { openWorkload, type Workload } from '../../../tests/support/workload.ts';
import { BIG_DATA, SMALL_DATA, writeBulk, type Bulk } from './bulk.ts';
import { membersData, wrongAside, wrongUndone, type Kept, type MemberData } from './kept-data.ts';
import { archiveSoFar, untilBackups, walkbackIn } from './operate.ts';
import { openEye } from './outside-eye.ts';

/** What a case is of. */
export interface CaseWay {
  readonly way: RecoveryWay;
  /** The number of the pod that leads. */
  readonly leader: number;
  /** What the cluster holds beside the workload. */
  readonly bulk: Bulk;
}

/** What a case does. */
export interface CaseOptions extends CaseWay {
  readonly seed: number;
  readonly log: (line: string) => void;
}

/** What came of it: nothing wrong, and how long the cluster was down each time. */
export interface CaseResult {
  readonly problems: readonly string[];
  readonly downMs: readonly number[];
}

const WAYS: readonly Pick<CaseWay, 'way' | 'leader'>[] = [
  { way: 'rebind', leader: 0 },
  { way: 'in-volume', leader: 0 },
  { way: 'recreate', leader: 0 },
  { way: 'rebind', leader: 1 },
  { way: 'clone', leader: 0 },
];

/** The case of a seed: each way with little data, then each with much. */
export function caseOf(seed: number): CaseWay {
  const way = WAYS[seed % WAYS.length] ?? { way: 'rebind', leader: 0 };
  return { ...way, bulk: Math.floor(seed / WAYS.length) % 2 === 0 ? SMALL_DATA : BIG_DATA };
}

/** Writes one row after the other to whoever leads, until it has lost its server. */
async function startLoad(client: pg.Client): Promise<{ readonly stop: () => Promise<void> }> {
  await client.query('CREATE SCHEMA load; CREATE TABLE load.rows (id int PRIMARY KEY, filler text)');
  let isTold = false;
  const ended = (async () => {
    try {
      for (let id = 1; !isTold; id += 1) {
        await client.query("INSERT INTO load.rows VALUES ($1, repeat('x', 200))", [id]);
        await sleep(20);
      }
    } catch {
      // The server has stopped: that is what a cutover does.
    }
  })();
  return {
    stop: async () => {
      isTold = true;
      await ended;
      await client.end().catch(() => {});
    },
  };
}

async function write(database: PatroniDatabase, leader: string, seed: number, random: Random): Promise<Workload> {
  const clients: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = await database.connect(leader, 'work');
    clients.push(client);
    return client;
  };
  const workload = await openWorkload({ seed, sessions: 3, connect });
  await workload.run(random.between(20, 35));
  await workload.close();
  await Promise.all(clients.map(async (client) => client.end().catch(() => {})));
  return workload;
}

/** Every member equals the oracle, once it has replayed what there is. */
async function differences(database: PatroniDatabase, replicas: number, state: ModelState): Promise<string[]> {
  const found: string[] = [];
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const pod = `${database.name}-${ordinal}`;
    const client = await database.connect(pod, 'work');
    try {
      found.push(...(await differencesFrom(client, state)).slice(0, 3).map((row) => `${pod}: ${row}`));
    } finally {
      await client.end();
    }
  }
  return found;
}

interface JournalLine {
  readonly at: string;
  readonly event: string;
  readonly step?: string;
}

/** From the begin of one step to the end of another. */
function downBetween(journal: readonly JournalLine[], from: string, to: string): number {
  const begun = journal.findLast(({ event, step }) => event === 'begin' && step === from);
  const done = journal.findLast(({ event, step }) => event === 'done' && step === to);
  return begun === undefined || done === undefined ? Number.NaN : Date.parse(done.at) - Date.parse(begun.at);
}

function journalIn(out: string): readonly JournalLine[] {
  const answer: unknown = JSON.parse(out);
  const journal: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'journal') : undefined;
  return Array.isArray(journal) ? journal : [];
}

interface Played {
  readonly database: PatroniDatabase;
  readonly kept: Kept;
  readonly options: CaseOptions;
  readonly replicas: number;
  readonly downMs: number[];
}

interface Recovered {
  readonly problems: readonly string[];
  readonly id: string;
  /** What each member had. */
  readonly before: readonly MemberData[];
}

/** Recovers to just before a transaction and compares. @returns what went wrong, and the recovery's id. */
async function recover(
  { database, kept, options, replicas, downMs }: Played,
  xid: number,
  state: ModelState,
): Promise<Recovered> {
  const before = await membersData(kept, replicas);
  const target = ['--before-xid', String(xid), '--way', options.way];
  const run = await walkbackIn(database, ['recover', 'run', ...target, '--yes', '--json']);
  if (run.code !== 0)
    return { problems: [`recover run ended with ${run.code}: ${run.err.slice(-800)}`], id: '', before };
  const journal = journalIn(run.out);
  // The pod that has cloned is started once more before it is the application's.
  downMs.push(downBetween(journal, 'stopLive', options.way === 'clone' ? 'removeVariables' : 'openLine'));
  const id = String(Reflect.get(JSON.parse(run.out) as object, 'id'));
  options.log(`  recovered as ${id}, down ${downMs.at(-1)} ms`);
  const differ = await differences(database, replicas, state);
  return { problems: [...differ, ...(await wrongAside(kept, id, before, 'kept'))], id, before };
}

async function undo(played: Played, { id, before }: Recovered, state: ModelState): Promise<string[]> {
  const { database, kept, options, replicas, downMs } = played;
  const recovered = await membersData(kept, replicas);
  const run = await walkbackIn(database, ['undo', id, '--yes', '--json']);
  if (run.code !== 0) return [`undo ended with ${run.code}: ${run.err.slice(-800)}`];
  downMs.push(downBetween(journalIn(run.out), 'undoStop', 'undoOpenLine'));
  options.log(`  undone, down ${downMs.at(-1)} ms`);
  const differ = await differences(database, replicas, state);
  return [...differ, ...(await wrongUndone(kept, id, { before, recovered, leader: options.leader }))];
}

/** The pod that is to lead does. @returns its name. */
export async function makeLead(
  database: Pick<PatroniDatabase, 'name' | 'namespace' | 'untilLeader'>,
  ordinal: number,
): Promise<string> {
  const wanted = `${database.name}-${ordinal}`;
  const leader = await database.untilLeader();
  if (leader === wanted) return leader;
  const words = `patronictl -c /run/postgres.yml switchover ${database.name} --leader ${leader} --candidate ${wanted} --force`;
  const deadline = Date.now() + 300_000;
  let said = '';
  while ((await database.untilLeader()) !== wanted) {
    if (Date.now() > deadline) throw new Error(`${wanted} does not lead: ${said}`);
    // Refused as long as the replica is still being made.
    said = await database.namespace.kubectl(['exec', leader, '--', 'sh', '-c', words]).catch(String);
    await sleep(3000);
  }
  return wanted;
}

/**
 * As the charts' users give a member. A fifth of it are its shared buffers: a server's end takes seconds longer where those are
 * gigabytes and all in use, as its memory is given back then, page by page.
 */
const MEMORY = '1Gi';

/** Runs one case. */
export async function runNamespaceCase(bed: Bed, options: CaseOptions): Promise<CaseResult> {
  const { seed, log } = options;
  const random = seededRandom(seed * 7919 + 3);
  const replicas = 2;
  const { bulk } = options;
  const { size, variables } = bulk;
  const prefix = `prove-${options.way}`;
  await using database = await startPatroniDatabase(bed, { replicas, prefix, size, variables, memory: MEMORY });
  const leader = await makeLead(database, options.leader);
  await untilBackups(database, 1);
  const admin = await database.connect(leader);
  await admin.query('CREATE DATABASE work');
  await admin.end();
  await writeBulk(database, leader, bulk);
  const load = await startLoad(await database.connect(leader, 'work'));
  const { commits } = await write(database, leader, seed, random);
  await archiveSoFar(database);
  const count = random.between(Math.floor(commits.length / 3), commits.length - 1);
  const before = stateAfter(commits, count);
  const all = stateAfter(commits, commits.length);
  log(`  to just before commit ${count} of ${commits.length - 1}; ${leader} leads`);

  await using eye = await openEye(bed);
  const kept: Kept = { database, eye, way: options.way };
  const played: Played = { database, kept, options, replicas, downMs: [] };
  const { downMs } = played;
  const xid = commits[count]?.xid ?? 0;
  const first = await recover(played, xid, before);
  await load.stop();
  if (first.problems.length > 0) return { problems: first.problems, downMs };
  const undone = await undo(played, first, all);
  if (undone.length > 0) return { problems: undone, downMs };
  const again = await recover(played, xid, before);
  return { problems: again.problems, downMs };
}
