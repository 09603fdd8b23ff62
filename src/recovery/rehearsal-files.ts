/**
 * The files that make a restored directory a rehearsal: what starts it as recovery, what guards it against being started
 * bare, and what our private servers read instead of the live server's configuration.
 *
 * @module
 */

import { chmod, copyFile, lstat, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import { confFilesIn } from '../instance/configuration-files.ts';
import { isThere, makeFolder, syncFolder } from '../instance/durable-rename.ts';
import { recoveryFile, socketDirectoryOf, type PrivateContext, type ReplayContext } from './recovery-context.ts';
import type { Plan } from './plan-value.ts';

const AUTO_CONF = 'postgresql.auto.conf';

/**
 * Started bare, the directory has no target: it would replay all there is and open. This ends such a start at once, since
 * a status above 125 is FATAL to recovery. Ours gets its restore_command on the command line.
 */
function guardText(id: string): string {
  const message = `this is a rehearsal of walkback, recovery ${id}: it is started by walkback alone`;
  return `# ${message}\nrestore_command = 'echo "${message}" >&2; exit 199'\n`;
}

/** `md5` takes whichever verifier a role has. Nobody is let in without a password: a port can be forwarded by who may not run programs there. */
const LOOPBACK = 'host replication all all reject\nhost all all 127.0.0.1/32 md5\n';

/** Private servers read these, and nothing the live server reads. */
async function writePrivateConfiguration(context: PrivateContext): Promise<void> {
  const name = `# written by walkback for recovery ${context.plan.id}; everything else is on the command line\n`;
  await writeFileDurably(recoveryFile(context, 'private.conf'), Buffer.from(name));
  await writeFileDurably(recoveryFile(context, 'private_ident.conf'), Buffer.from(name));
  const loopback = context.uses.listensOnLoopback === true ? LOOPBACK : '';
  const hba = `${name}local all all trust\nlocal replication all reject\n${loopback}`;
  await writeFileDurably(recoveryFile(context, 'private_hba.conf'), Buffer.from(hba));
}

/** Its owner alone may enter: that is what makes `trust` safe. @throws {Failure} `denied` if it is somebody else's. */
async function makeSocketDirectory(path: string): Promise<void> {
  await makeFolder(path);
  const entry = await lstat(path);
  if (!entry.isDirectory() || (process.getuid !== undefined && entry.uid !== process.getuid())) {
    throw new Failure('denied', {
      message: `cannot use ${path} for the socket of a rehearsal: it belongs to another user`,
      remedy: `Remove it, if that is right, and go on:  rm -r ${path}`,
    });
  }
  await chmod(path, 0o700);
}

/** What every private server of this recovery needs; a temporary directory may have been emptied by a restart. */
export async function preparePrivateServers(context: PrivateContext): Promise<void> {
  await writePrivateConfiguration(context);
  await makeSocketDirectory(socketDirectoryOf(context.uses.cluster.recoveryFolder(context.plan.id), context.plan.id));
}

/** Turns restored data into a rehearsal. May be done again. */
export async function prepareRehearsal(context: ReplayContext, dataDirectory: string): Promise<void> {
  await preparePrivateServers(context);
  const saved = recoveryFile(context, `configuration-of-the-backup/${AUTO_CONF}`);
  if (!(await isThere(saved)) && (await isThere(join(dataDirectory, AUTO_CONF)))) {
    await makeFolder(dirname(saved));
    await copyDurably(join(dataDirectory, AUTO_CONF), saved);
  }
  await writeFileDurably(join(dataDirectory, AUTO_CONF), Buffer.from(guardText(context.plan.id)));
  await rm(join(dataDirectory, 'standby.signal'), { force: true });
  await writeFileDurably(join(dataDirectory, 'recovery.signal'), Buffer.alloc(0));
}

/** Copies a file so that it is there whole, or not at all. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await writeFileDurably(to, await readFile(from));
}

/** The files, those of folders as they are now, in either directory: what the live server has not must not be included. */
async function filesOf(planned: readonly string[], directories: readonly string[]): Promise<Set<string>> {
  const found = new Set(planned.filter((name) => !name.endsWith('/')));
  for (const folder of planned.filter((name) => name.endsWith('/'))) {
    const names = await Promise.all(directories.map((directory) => confFilesIn(join(directory, folder))));
    for (const name of names.flat()) found.add(join(folder, name));
  }
  return found;
}

/**
 * Takes the guard out: the recovered server goes on with the *live* server's configuration, because a person recovers
 * data, not settings. The files of the backup's time stay beside it in `configuration-of-the-backup/`.
 *
 * `postmaster.opts` is one of them: it says how the live server was started last.
 */
export async function carryConfiguration(
  context: PrivateContext & { readonly plan: Pick<Plan, 'configurationFiles'> },
  liveDirectory: string,
  toDirectory: string,
): Promise<void> {
  const planned = [...context.plan.configurationFiles, AUTO_CONF, 'postmaster.opts'];
  for (const name of await filesOf(planned, [liveDirectory, toDirectory])) {
    const [from, to] = [join(liveDirectory, name), join(toDirectory, name)];
    const saved = recoveryFile(context, `configuration-of-the-backup/${name}`);
    if (!(await isThere(saved)) && (await isThere(to))) {
      await makeFolder(dirname(saved));
      await copyFile(to, saved);
    }
    if (await isThere(from)) {
      await makeFolder(dirname(to));
      await copyDurably(from, to);
    } else await rm(to, { force: true });
  }
  for (const folder of context.plan.configurationFiles.filter((name) => name.endsWith('/'))) {
    if (await isThere(join(liveDirectory, folder))) await makeFolder(join(toDirectory, folder));
  }
  await syncFolder(toDirectory);
}
