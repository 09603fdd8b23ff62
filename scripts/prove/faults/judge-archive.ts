/**
 * What an archive that went through faults is worth: every file of WAL that the server believes to be archived and that a
 * backup of it may need is there, is what the server wrote, and all of it recovers to the last commit.
 *
 * @module
 */

import { readWalFile } from '../../../src/archive/read-wal-file.ts';
import { listBackups } from '../../../src/backup/list.ts';
import { differencesFrom, stateAfter, type Asked } from '../../../tests/support/oracle.ts';
import { withArchiveAt } from '../interop/rehearse-archive.ts';
import { archiveEnvironment, type FaultyCluster } from './faulty-cluster.ts';

/** What was found. */
export interface Verdict {
  readonly segments: number;
  readonly lost: readonly string[];
  readonly wrong: readonly string[];
  /** Differences between the recovered tables and the oracle. */
  readonly differences: readonly string[];
}

/** The first segment that the oldest backup needs, without its timeline: what lies before may have been pruned. */
async function firstNeeded({ store }: FaultyCluster): Promise<string> {
  const names = (await listBackups(store)).map(({ name }) => name.slice('base_'.length + 8, 'base_'.length + 24));
  const [first] = names.toSorted();
  if (first === undefined) throw new Error('the archive has no backup');
  return first;
}

async function compareWal(cluster: FaultyCluster): Promise<Pick<Verdict, 'segments' | 'lost' | 'wrong'>> {
  const first = await firstNeeded(cluster);
  const [lost, wrong]: [string[], string[]] = [[], []];
  let segments = 0;
  for await (const { fileName, bytes } of cluster.truth()) {
    if (!/^[0-9A-F]{24}$/.test(fileName) || fileName.slice(8) < first) continue;
    segments += 1;
    const archived = await readWalFile(cluster.store, fileName);
    if (archived === undefined) lost.push(fileName);
    else if (!archived.bytes.equals(bytes)) wrong.push(fileName);
  }
  return { segments, lost, wrong };
}

async function recoverAndCompare(cluster: FaultyCluster): Promise<string[]> {
  const { location, server, commits } = cluster;
  const environment = archiveEnvironment(location, location.endpoint ?? '');
  const path = environment['WALKBACK_ARCHIVE'] ?? '';
  const moment = { path, environment, major: server.major, timeline: 1, target: { kind: 'latest' } } as const;
  return withArchiveAt(moment, async (standing) => {
    await using connection = await standing.connect('postgres');
    const asked: Asked = { query: async (text) => ({ rows: await connection.query(text) }) };
    return await differencesFrom(asked, stateAfter(commits, commits.length));
  });
}

/** Looks at all of it. */
export async function judgeArchive(cluster: FaultyCluster): Promise<Verdict> {
  return { ...(await compareWal(cluster)), differences: await recoverAndCompare(cluster) };
}
