/**
 * `bootstrap basebackup`: a new cluster as a copy of a running server, by `pg_basebackup`, with the discipline of a clone: copied
 * beside the data directory, brought to a clean shutdown by a private server, put in place by one rename.
 *
 * It has no target: it is the server as it was when the copy ended, on the server's own timeline. So the archive that the new
 * cluster writes must hold nothing: what both write would have the same names.
 *
 * @module
 */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import { makeFolder, syncFolder } from '../instance/durable-rename.ts';
import { majorVersionOf } from '../instance/postmaster.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { endCleanly } from '../recovery/promote.ts';
import { privateServer, type PrivateContext } from '../recovery/recovery-context.ts';
import { preparePrivateServers } from '../recovery/rehearsal-files.ts';
import { newAttemptId } from './attempt.ts';
import { cleanAutoConf } from './auto-conf.ts';
import { addressOf, copyServer } from './copy-server.ts';
import { lockBootstrap } from './bootstrap-lock.ts';
import { writeRecordFile } from './clone-record.ts';
import {
  attemptEntries,
  isStepDone,
  openBootstrapJournal,
  readBootstrapJournal,
  type BootstrapJournal,
} from './journal.ts';
import { appearInPlace, isInPlace } from './in-place.ts';
import { checkPlace, hasData } from './place.ts';
import { checkArchiveIsEmpty, checkMajor, checkServerMajor, type BasebackupUses } from './plan-basebackup.ts';
import { runSteps, type Step } from './runner.ts';

/** What came of it. */
export interface BasebackupOutcome {
  readonly id: string;
  readonly from: string;
  readonly dataDirectory: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly major: number;
}

/** Brings the copy to consistency and to a clean end, so that what appears is a finished cluster. */
async function configure(uses: BasebackupUses, id: string): Promise<StepFacts> {
  const { place } = uses;
  const found = await majorVersionOf(place.data);
  checkMajor(found, uses);
  await rm(join(place.data, 'standby.signal'), { force: true });
  const autoConf = join(place.data, 'postgresql.auto.conf');
  await writeFileDurably(autoConf, Buffer.from(cleanAutoConf(await readFile(autoConf, 'utf8').catch(() => '')).text));
  const {
    maxConnections,
    maxWorkerProcesses,
    maxWalSenders,
    maxPreparedTransactions,
    maxLocksPerTransaction,
    walLevel,
  } = await controlFileOf(place.data);
  const context: PrivateContext = {
    uses: {
      cluster: { recoveryFolder: () => place.folder },
      bin: await uses.binariesOf(found),
      user: uses.superuser,
    },
    plan: {
      id,
      majorVersion: found,
      required: { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction },
      walLevel,
    },
  };
  await preparePrivateServers(context);
  await endCleanly(privateServer(context, { dataDirectory: place.data, name: 'copy', archiving: 'held' }));
  const control = await controlFileOf(place.data);
  if (!isShutDown(control)) {
    throw new Failure('failed', {
      message: `cannot use the copy: its control file says "${control.state}"`,
      remedy: `Look at ${join(place.folder, 'copy.log')}, remove ${place.folder}, and start again.`,
    });
  }
  await rm(join(place.data, 'postmaster.opts'), { force: true });
  const facts = { systemIdentifier: control.systemIdentifier.toString(), timeline: control.timeline, major: found };
  const record = { id, ...facts, from: addressOf(uses.server), scope: uses.scope };
  await writeRecordFile(place.data, record);
  await syncFolder(place.data);
  return facts;
}

/** An attempt of this host that was copied whole is gone on with; anything else begins anew. */
async function attemptFor(uses: BasebackupUses, journal: BootstrapJournal): Promise<string> {
  const { entries } = journal;
  const [first] = attemptEntries(entries);
  const id = first?.event === 'attempt' ? first.id : undefined;
  if (id !== undefined && (await isInPlace(uses.place, entries))) return id;
  const isBack = isStepDone(entries, 'putInPlace') && (await hasData(uses.place));
  if (isBack) await journal.append({ event: 'undone', step: 'putInPlace' });
  const isWhole = isStepDone(entries, 'copy') && !isStepDone(entries, 'putInPlace') && (await hasData(uses.place));
  if (id !== undefined && isWhole) return id;
  const hasFailedHere = isStepDone(entries, 'putInPlace') && !entries.some(({ event }) => event === 'initialized');
  if (!hasFailedHere) await checkArchiveIsEmpty(uses);
  await checkServerMajor(uses);
  const fresh = newAttemptId();
  await journal.append({ event: 'attempt', id: fresh });
  return fresh;
}

/**
 * Makes the cluster, or goes on making it.
 *
 * @throws {Failure} why it cannot be made; the data directory is then as it was.
 */
export async function bootstrapBasebackup(uses: BasebackupUses): Promise<BasebackupOutcome> {
  const { place } = uses;
  if (!(await isInPlace(place, await readBootstrapJournal(place.folder)))) await checkPlace(place);
  await makeFolder(`${place.dataDirectory}.walkback`);
  await using _lock = await lockBootstrap(uses);
  const now = (): Date => new Date(Number(uses.nowUs() / 1000n));
  await using journal = await openBootstrapJournal(place.folder, now, uses.onEntry);
  await journal.append({ event: 'runBegun' });
  try {
    const id = await attemptFor(uses, journal);
    const steps: Step[] = [
      { name: 'copy', do: () => copyServer(uses) },
      { name: 'configure', do: () => configure(uses, id) },
      {
        name: 'putInPlace',
        do: (wasInterrupted) => appearInPlace(place, { id, wasInterrupted, isOrphan: uses.isOrphan }),
      },
    ];
    await runSteps(steps, journal, uses.signal);
    await journal.append({ event: 'runEnded', outcome: 'ready' });
    const control = await controlFileOf(place.dataDirectory);
    return {
      id,
      from: addressOf(uses.server),
      dataDirectory: place.dataDirectory,
      systemIdentifier: control.systemIdentifier.toString(),
      timeline: control.timeline,
      major: control.majorVersion,
    };
  } catch (error) {
    await journal.append({ event: 'runEnded', outcome: 'failed' }).catch(() => {});
    throw error;
  }
}
