/**
 * A clone bootstrap as a container runs it: Patroni with walkback as its custom bootstrap, `walkback bootstrap resume` each time
 * before Patroni starts, and everything of the member killed at once when a test says so.
 *
 * @module
 */

import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { quoted } from '../archived-cluster.ts';
import { PROGRAM, runWalkback } from '../walkback-process.ts';
import { startPatroniCluster, type PatroniClusterOptions, type PatroniTestCluster } from './patroni-cluster.ts';
import type { PatroniMember } from './patroni-member.ts';
import { endAllOf } from './processes.ts';

/** What to clone, and how. */
export interface CloneUnderPatroniOptions extends Pick<
  PatroniClusterOptions,
  'members' | 'patroni' | 'etcd' | 'major'
> {
  /** The archive that is cloned; it is copied, and stays as it is. */
  readonly source: string;
  /** `--to-lsn 0/3000028 --exclusive`, each word one. */
  readonly target: readonly string[];
  /** The new cluster writes the archive that it is cloned from; otherwise one of its own, which is empty. */
  readonly isSameArchive: boolean;
}

/** A Patroni whose cluster is made by a clone. Nothing is started. */
export class CloneUnderPatroni implements AsyncDisposable {
  readonly cluster: PatroniTestCluster;

  constructor(cluster: PatroniTestCluster) {
    this.cluster = cluster;
  }

  get member(): PatroniMember {
    const [first] = this.cluster.members;
    if (first === undefined) throw new Error('there is no member');
    return first;
  }

  /** What a container does at its start: look whether a bootstrap was killed here, then Patroni. @returns what resume said. */
  async start(member = this.member): Promise<string> {
    const { python, patroni } = this.cluster.programs;
    const args = ['bootstrap', 'resume', '--patroni-config', member.configFile, '--patroni-python', python];
    // Longer than two of this cluster's loop_wait.
    const ended = await runWalkback([...args, '--watch', '4s'], { PATH: `${patroni}:${process.env['PATH'] ?? ''}` });
    if (ended.code !== 0) throw new Error(`cannot resume: ${ended.err}`);
    member.start();
    return ended.out.trim();
  }

  /** SIGKILL of everything of the member: Patroni, walkback, PostgreSQL. */
  async killAll(member = this.member): Promise<void> {
    await endAllOf(member.root);
  }

  /** How many lines the journal of bootstraps has, and whether the last run of it has ended. */
  async journal(member = this.member): Promise<{ readonly lines: number; readonly hasEnded: boolean }> {
    const path = join(`${member.dataDirectory}.walkback`, 'clone', 'journal.jsonl');
    const text = await readFile(path, 'utf8').catch(() => '');
    const lines = text.split('\n').slice(0, -1);
    return { lines: lines.length, hasEnded: lines.at(-1)?.includes('"runEnded"') === true };
  }

  /** Waits until the journal has so many lines more than it had, or its run has ended. */
  async untilLines(more: number, before: number, timeoutMs = 180_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { lines, hasEnded } = await this.journal();
      if (lines >= before + more || (hasEnded && lines > before)) return;
      if (Date.now() > deadline) throw new Error(`the bootstrap does not go on:\n${await this.cluster.logTails(60)}`);
      await sleep(15);
    }
  }

  /** What must never be seen in the data directory, whatever was killed: anything but nothing, or the finished cluster. */
  async problemsInPlace(member = this.member): Promise<string[]> {
    const entries = await readdir(member.dataDirectory).catch((): string[] => []);
    if (entries.length === 0) return [];
    const unfinished = ['recovery.signal', 'WALKBACK_RESTORE_INCOMPLETE', 'backup_label'].filter((name) =>
      entries.includes(name),
    );
    const lacks = ['walkback_clone.json', 'PG_VERSION', 'global'].filter((name) => !entries.includes(name));
    return [
      ...unfinished.map((name) => `the data directory holds ${name}`),
      ...lacks.map((name) => `the data directory lacks ${name}`),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Stands for the command until the cluster's folder is known. */
const PLACEHOLDER = 'command-of-the-clone';

/** Prepares one. `undefined`, and said so, where a part of it cannot be had. */
export async function cloneUnderPatroni(options: CloneUnderPatroniOptions): Promise<CloneUnderPatroni | undefined> {
  const { source, target, isSameArchive, ...rest } = options;
  const cluster = await startPatroniCluster({
    members: 1,
    ...rest,
    isLeftStopped: true,
    overrides: { bootstrap: { method: 'clone_with_wale', clone_with_wale: { command: PLACEHOLDER } } },
  });
  if (cluster === undefined) return undefined;
  await prepare(cluster, { source, target, isSameArchive });
  return new CloneUnderPatroni(cluster);
}

async function prepare(
  cluster: PatroniTestCluster,
  { source, target, isSameArchive }: Pick<CloneUnderPatroniOptions, 'source' | 'target' | 'isSameArchive'>,
): Promise<void> {
  const { root, archive, members } = cluster;
  const cloned = isSameArchive ? archive : join(root, 'cloned-archive');
  await cp(source, cloned, { recursive: true });
  await writeEnvironment(join(root, 'env-clone'), cloned);
  await writeEnvironment(join(root, 'env'), archive);
  for (const member of members) {
    const words = [
      PROGRAM,
      'bootstrap',
      'clone',
      `--env-dir=${join(root, 'env-clone')}`,
      `--archive-env-dir=${join(root, 'env')}`,
      `--bin=${member.bin}`,
      ...target,
    ];
    const config = await readFile(member.configFile, 'utf8');
    const line = JSON.stringify(words.map(quoted).join(' '));
    await writeFile(
      member.configFile,
      config.replace(PLACEHOLDER, () => line),
    );
  }
}

async function writeEnvironment(folder: string, archive: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await writeFile(join(folder, 'WALKBACK_ARCHIVE'), `file://${archive}`, { mode: 0o600 });
}
