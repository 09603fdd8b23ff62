/**
 * `wal-g copy`: backups with their WAL from one archive to another, each told by a file of settings.
 *
 * Objects are copied as they are stored, neither compressed nor encrypted again. What is there already with the same content
 * (it is read and compared) is passed over, so that a copy that was broken off goes on; another object under the name is a
 * conflict, and stays. Refused before anything is written: a backup without all its WAL, another cluster's archive, and what the
 * settings it is copied to could not decrypt.
 *
 * Source: WAL-G `cmd/pg/copy.go`, `internal/databases/postgres/backup_copy_handler.go`.
 *
 * @module
 */

import { openArchive, type Archive } from '../../../app/open-archive.ts';
import { refuseOtherKey } from '../../../archive/archive-identity.ts';
import { planCopy, refuseOtherCluster, runCopy } from '../../../backup/copy.ts';
import { findBackup, listBackups } from '../../../backup/list.ts';
import { Failure } from '../../../base/failure.ts';
import type { WalgCommand } from '../walg-command.ts';

function configOf(values: ReadonlyMap<string, string>, flag: 'from' | 'to'): string {
  const path = values.get(flag);
  if (path !== undefined) return path;
  throw new Failure('usage', {
    message: `--${flag} is missing`,
    remedy: 'Give both --from and --to: files of settings.',
  });
}

/** An archive as a file of settings says. */
interface ToldArchive {
  readonly config: string;
  readonly archive: Archive;
}

/** Who reads and writes the copy does it with its own settings. */
function refuseOtherKeys(from: ToldArchive, to: ToldArchive): void {
  const [one, other] = [from.archive.store.keyMark, to.archive.store.keyMark];
  if (one === other) return;
  throw new Failure('refused', {
    message: `cannot copy objects as they are stored: ${from.config} has ${one ?? 'no key'}, and ${to.config} ${other ?? 'no key'}`,
    remedy:
      'Give both the same key, or none. An archive with another key is begun with a backup that is taken into it.',
  });
}

/** The command. */
export const copy: WalgCommand = {
  words: 'copy',
  summary: 'Copy backup(s) from one storage to another without transforming payloads',
  usage: '',
  flags: {
    'backup-name': { short: 'b', takes: 'string', summary: 'Copy this backup, or LATEST, with what it builds on' },
    from: { short: 'f', takes: 'string', summary: 'Storage config from where should copy backup' },
    to: { short: 't', takes: 'string', summary: 'Storage config to where should copy backup' },
    'with-history': { short: 'w', summary: 'Copy also all WAL from the backup on' },
  },
  operands: [0, 0],
  listener: 'operator',
  run: async ({ values, flags }, { settings, settingsOf, log, signal }) => {
    const [fromConfig, toConfig] = [configOf(values, 'from'), configOf(values, 'to')];
    await using from = await openArchive(await settingsOf(fromConfig));
    await using to = await openArchive(await settingsOf(toConfig));
    refuseOtherKeys({ config: fromConfig, archive: from }, { config: toConfig, archive: to });
    const named = values.get('backup-name');
    const names = named === undefined ? 'all' : [(await findBackup(from.store, named, signal)).name];
    const backups = await listBackups(from.store, signal);
    const plan = await planCopy(from.storedAs, backups, { names, withHistory: flags.has('with-history') }, signal);
    await refuseOtherCluster({ from: from.store, to: to.store }, signal);
    await refuseOtherKey(to.store, { signal });
    for (const { name } of plan.backups) log.info(`Copying backup ${name}`);
    const { copiedObjects, presentObjects } = await runCopy(from.storedAs, to.storedAs, plan, {
      concurrency: settings.get('uploadConcurrency'),
      ...(from.store === from.storedAs && to.store === to.storedAs
        ? {}
        : { opened: { from: from.store, to: to.store } }),
      signal,
    });
    log.info(`${copiedObjects} objects copied, ${presentObjects} were there`);
    log.info('Success copy.');
    return 0;
  },
};
