/**
 * Which processes a supervisor keeps, in a file: one supervisor serves a run directory, and the children of one that was
 * killed are found by the next.
 *
 * A Patroni that nobody keeps would go on beside the new one: two of the same name, on one data directory. Ending it
 * stops no PostgreSQL; the new one takes that over before its lock runs out.
 *
 * @module
 */

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import { fieldOf } from '../base/unknown-value.ts';
import { endGroup } from './kept-child.ts';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';
import type { ChildName, ReportSupervision } from './supervision-event.ts';

type Keeper = 'supervisor' | ChildName;

const FILE = 'supervisor.json';
const KEEPERS: readonly Keeper[] = ['supervisor', 'patroni', 'agent'];
const END_TIMEOUT_MS = 10_000;

function textAt(value: unknown, key: string): string {
  const found = fieldOf(value, key);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}

/** What the file says; a file that is torn or foreign says nothing. */
async function readRecord(path: string): Promise<Map<Keeper, ProcessIdentity>> {
  const record = new Map<Keeper, ProcessIdentity>();
  const text = await readFile(path, 'utf8').catch(() => '{}');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return record;
  }
  for (const keeper of KEEPERS) {
    const one = fieldOf(value, keeper);
    const processId = Number(textAt(one, 'processId'));
    if (!Number.isSafeInteger(processId) || processId < 2) continue;
    record.set(keeper, { processId, startTicks: textAt(one, 'startTicks'), space: textAt(one, 'space') });
  }
  return record;
}

/** The processes of one supervisor, as the file tells them. */
export class ChildRecord {
  readonly #path: string;
  readonly #processes = new Map<Keeper, ProcessIdentity>();
  #writing = Promise.resolve();

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the run directory, and ends the children that a killed supervisor has left.
   *
   * @throws {Failure} `conflict` if another supervisor serves it.
   */
  static async take(runDirectory: string, report: ReportSupervision): Promise<ChildRecord> {
    await mkdir(runDirectory, { recursive: true, mode: 0o700 });
    const record = new ChildRecord(join(runDirectory, FILE));
    const before = await readRecord(record.#path);
    const other = before.get('supervisor');
    if (other !== undefined && (await isRunning(other))) throw alreadyServed(runDirectory, other);
    for (const name of ['patroni', 'agent'] as const) {
      const orphan = before.get(name);
      if (orphan !== undefined && (await isRunning(orphan))) await endOrphan(name, orphan, report);
    }
    await record.note('supervisor', process.pid);
    return record;
  }

  /** Writes down that a process runs, or that it has ended. Notes are written one after another. */
  async note(keeper: Keeper, processId: number | undefined): Promise<void> {
    const identity = processId === undefined ? undefined : await identityOf(processId);
    if (identity === undefined) this.#processes.delete(keeper);
    else this.#processes.set(keeper, identity);
    const write = async () => {
      const text = JSON.stringify(Object.fromEntries(this.#processes));
      await writeFileDurably(this.#path, Buffer.from(`${text}\n`));
    };
    const writing = this.#writing.then(write);
    this.#writing = writing.catch(() => {});
    await writing;
  }
}

function alreadyServed(runDirectory: string, { processId }: ProcessIdentity): Failure {
  return new Failure('conflict', {
    message: `cannot run here: process ${processId} keeps Patroni and the agent of ${runDirectory}`,
    remedy: `Stop it first:  kill -TERM ${processId}`,
  });
}

async function endOrphan(name: ChildName, orphan: ProcessIdentity, report: ReportSupervision): Promise<void> {
  endGroup(orphan.processId);
  const deadlineMs = Date.now() + END_TIMEOUT_MS;
  while (await isRunning(orphan)) {
    if (Date.now() > deadlineMs) {
      throw new Failure('failed', {
        message: `cannot run here: process ${orphan.processId}, the ${name} of a supervisor that was killed, does not end`,
        remedy: `Look what it waits for (a disk, a file system over the network):  cat /proc/${orphan.processId}/wchan`,
      });
    }
    await sleep(50);
  }
  report({ kind: 'orphanEnded', name, processId: orphan.processId });
}
