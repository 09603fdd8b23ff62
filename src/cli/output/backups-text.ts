/**
 * Backups, as text and for `--json`.
 *
 * @module
 */

import type { Backup } from '../../backup/backup.ts';
import type { BackupListing } from '../../backup/list.ts';
import { describeCorruptFile } from '../../backup/page-report.ts';
import type { TakenBackup } from '../../backup/take.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { countOf, describeMoment, formatBytes, shortTime, zoneLine } from './format.ts';
import type { Screen } from './screen.ts';

const US_PER_MS = 1000n;
const SHOWN_FILES = 20;

function timeUs(time: Date): bigint {
  return BigInt(time.getTime()) * US_PER_MS;
}

/** `15.18`, from 150018. */
function version(pgVersionNum: number): string {
  return `${Math.floor(pgVersionNum / 10_000)}.${pgVersionNum % 10_000}`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The list, oldest first. */
export function backupsText(listing: BackupListing, screen: Screen): string {
  const broken = listing.broken.map(({ failure }) => screen.paint(`not usable: ${failure.message}`, 'attention'));
  if (listing.backups.length === 0) return [...broken, 'No backups.', ''].join('\n');
  const rows = listing.backups.map((backup) => [
    backup.name,
    shortTime(timeUs(backup.finishedAt), screen),
    String(backup.timeline),
    version(backup.pgVersionNum),
    formatBytes(backup.uncompressedSizeBytes),
    formatBytes(backup.compressedSizeBytes),
    [backup.isPermanent ? 'kept' : '', backup.deltaFrom === undefined ? '' : 'delta'].filter(Boolean).join(', '),
  ]);
  const head = ['name', 'finished', 'timeline', 'server', 'size', 'stored', ''];
  return [zoneLine(screen), ...table([head, ...rows]), ...broken, ''].join('\n');
}

/** One backup, in full. */
export function backupText(backup: Backup, screen: Screen): string {
  const lines: [string, string][] = [
    ['started', describeMoment(timeUs(backup.startedAt), screen)],
    ['finished', describeMoment(timeUs(backup.finishedAt), screen)],
    ['WAL', `timeline ${backup.timeline}, ${formatLsn(backup.startLsn)} to ${formatLsn(backup.finishLsn)}`],
    ['server', `PostgreSQL ${version(backup.pgVersionNum)} on ${backup.hostname}, ${backup.dataDirectory}`],
    ['system', backup.systemIdentifier === undefined ? 'not recorded' : String(backup.systemIdentifier)],
    ['size', `${formatBytes(backup.uncompressedSizeBytes)}, stored in ${formatBytes(backup.compressedSizeBytes)}`],
    ['kept', backup.isPermanent ? 'for good' : 'until it is deleted'],
    ...(backup.deltaFrom === undefined ? [] : [['delta on', backup.deltaFrom] satisfies [string, string]]),
    ...backup.tablespaces.map(({ oid, location }): [string, string] => ['tablespace', `${oid} at ${location}`]),
  ];
  return `${backup.name}\n${lines.map(([label, text]) => `  ${label.padEnd(12)}${text}`).join('\n')}\n`;
}

/** What was taken, and loudly what is wrong with it. */
export function takenText(taken: TakenBackup, screen: Screen): string {
  const { corruptFiles, skipped, cleanedUp } = taken;
  const lines = [
    `Took ${taken.name}: ${formatBytes(taken.uncompressedSizeBytes)}, stored in ${formatBytes(taken.compressedSizeBytes)}.`,
  ];
  if (taken.deltaFrom !== undefined)
    lines.push(`It is a delta on ${taken.deltaFrom}, step ${taken.deltaCount ?? 1} of its chain.`);
  if (taken.changesFrom !== undefined) lines.push(`What has changed was told by ${taken.changesFrom}.`);
  if (taken.fullBecause !== undefined) lines.push(`It is a full backup, not a delta: ${taken.fullBecause}.`);
  if (!taken.arePagesVerified) lines.push('Pages were not verified: the cluster has no data checksums.');
  if (skipped.length > 0) lines.push(`Not in it, being links, sockets or devices: ${skipped.join(', ')}`);
  if (taken.followed.length > 0)
    lines.push(`Links on the server, directories in the backup: ${taken.followed.join(', ')}`);
  for (const warning of taken.warnings) lines.push(`Warning: ${warning}`);
  for (const name of cleanedUp) lines.push(`Removed what was left of ${name}, which was interrupted.`);
  if (corruptFiles.length > 0) {
    const pages = corruptFiles.reduce((sum, { blocks }) => sum + blocks.length, 0);
    lines.push(
      screen.paint(
        `CORRUPT PAGES: ${countOf(pages, 'page')} in ${countOf(corruptFiles.length, 'file')} are damaged on the server.`,
        'loss',
      ),
      ...corruptFiles.slice(0, SHOWN_FILES).map((file) => `  ${describeCorruptFile(file)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** For `--json`. */
export function backupJson(backup: Backup): Record<string, unknown> {
  const { startLsn, finishLsn, deltaFromLsn } = backup;
  const from = deltaFromLsn === undefined ? {} : { deltaFromLsn: formatLsn(deltaFromLsn) };
  return { ...backup, startLsn: formatLsn(startLsn), finishLsn: formatLsn(finishLsn), ...from };
}
