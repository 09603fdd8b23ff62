/**
 * One bootstrap: killed at each of its moments, started again, and compared with the oracle at its end.
 *
 * @module
 */

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { asTyped, describeTarget } from '../../../src/history/target-words.ts';
import { parseTimelineHistory } from '../../../src/postgres/timeline-history.ts';
import { until } from '../../../tests/support/archived-cluster.ts';
import { differencesFrom, stateAfter } from '../../../tests/support/oracle.ts';
import { cloneUnderPatroni, type CloneUnderPatroni } from '../../../tests/support/patroni/clone-under-patroni.ts';
import { seededRandom, type Random } from '../../../tests/support/random.ts';
import { chooseTarget, type ChosenTarget } from '../targets/choose-target.ts';
import type { WrittenCluster } from '../targets/written-cluster.ts';

/** Lines of a clone's journal from its beginning to its end, when nothing interrupts it. */
const JOURNAL_LINES = 21;
/** After this long a bootstrap that is killed before its journal begins has begun it. */
const BEFORE_JOURNAL_MS = 4000;
const BEHIND_LINE_MS = 600;

/** When everything is killed: so long behind a line of the journal, or after the start. */
interface KillMoment {
  readonly lines: number;
  readonly behindMs: number;
}

function momentOf(random: Random): KillMoment {
  const lines = random.between(0, JOURNAL_LINES);
  return { lines, behindMs: random.between(0, lines === 0 ? BEFORE_JOURNAL_MS : BEHIND_LINE_MS) };
}

/** How it came out. */
export interface KillCaseResult {
  readonly problems: readonly string[];
  readonly words: string;
}

/** As typed, in words: a name is one that a shell would take apart. */
function wordsOf(target: ChosenTarget['target']): string[] {
  return target.kind === 'name' ? ['--to-name', target.name] : asTyped(target).split(' ');
}

/** Runs one. @throws if Patroni or etcd cannot be had, or nothing comes of the bootstrap. */
export async function killCase(source: WrittenCluster, seeds: readonly number[]): Promise<KillCaseResult> {
  const random = seededRandom((seeds[0] ?? 0) * 7919 + 3);
  const chosen = chooseTarget(source.commits, source.firstReachable, random);
  const isSameArchive = random.chance(0.5);
  const patroni = random.pick(['3.0', '4.0', '4.1', '4.1'] as const);
  const target = wordsOf(chosen.target);
  await using clone = await cloneUnderPatroni({
    source: source.live.archive,
    target,
    isSameArchive,
    patroni,
    major: 16,
  });
  if (clone === undefined) throw new Error('this proof needs Patroni and etcd');
  const problems: string[] = [];
  const moments: string[] = [];
  let said = await clone.start();
  for (const seed of seeds) {
    const moment = momentOf(seededRandom(seed * 104_729 + 5));
    await killAt(clone, moment);
    moments.push(`${moment.behindMs} ms behind line ${moment.lines}`);
    problems.push(...(await clone.problemsInPlace()));
    said = await clone.start();
    moments.push(`(${said.replace(/^bootstrap: /, '')})`);
  }
  const words = `Patroni ${patroni}, ${describeTarget(chosen.target)}, ${isSameArchive ? 'same' : 'new'} archive, killed ${moments.join(' ')}`;
  try {
    problems.push(...(await problemsAtEnd(clone, source, chosen)));
  } catch (error) {
    problems.push(String(error));
  }
  return { problems, words };
}

async function killAt(clone: CloneUnderPatroni, { lines, behindMs }: KillMoment): Promise<void> {
  if (lines > 0) await clone.untilLines(lines, (await clone.journal()).lines);
  await sleep(behindMs);
  await clone.killAll();
}

async function problemsAtEnd(
  clone: CloneUnderPatroni,
  source: WrittenCluster,
  chosen: ChosenTarget,
): Promise<string[]> {
  const leader = await clone.cluster.leader(240_000);
  await until('Patroni has completed the cluster', async () => {
    const [role] = await leader.sql("select 1 from pg_roles where rolname = 'replicator'").catch(() => []);
    return role !== undefined;
  });
  // What was prepared at the target holds its locks until somebody decides.
  const prepared = await leader.sql<{ line: string }>(
    "SELECT format('ROLLBACK PREPARED %L', gid) AS line FROM pg_prepared_xacts",
  );
  for (const { line } of prepared) await leader.sql(line);
  const client = await leader.connect();
  try {
    const differences = await differencesFrom(client, stateAfter(source.commits, chosen.commits));
    return [...differences.slice(0, 5), ...(await historyProblems(leader.dataDirectory))];
  } finally {
    await client.end();
  }
}

/** Where the line of the source was left, the history file must name the record; "no recovery target" would be the end of WAL. */
async function historyProblems(dataDirectory: string): Promise<string[]> {
  const folder = join(dataDirectory, 'pg_wal');
  const [name] = (await readdir(folder))
    .filter((one) => one.endsWith('.history'))
    .toSorted()
    .toReversed();
  if (name === undefined) return ['there is no history file'];
  const timeline = Number.parseInt(name.slice(0, 8), 16);
  const { ancestors } = parseTimelineHistory(timeline, await readFile(join(folder, name), 'utf8'));
  const [first] = ancestors;
  return first !== undefined && /^(before|after) LSN /.test(first.reason)
    ? []
    : [`${name} says ${JSON.stringify(first?.reason ?? '')} of the source's timeline`];
}
