/**
 * What `bin/wal-g` prints and answers, beside the real wal-g, on an archive that wal-g wrote.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ROOT } from '../support/archived-cluster.ts';

const WALG = process.env['WALG_BINARY'];
if (WALG === undefined)
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so its command line is not compared with ours');

const ARCHIVE = join(ROOT, 'fixtures/walg/pg15-lz4-v305-forks/archive');

/** Times of objects: the real one has nanoseconds of the file system, ours milliseconds. And their column, which is as wide. */
function withoutFractions(text: string): string {
  return text.replaceAll(/(\d\d:\d\d:\d\d)\.\d+/g, '$1').replaceAll(/ +/g, ' ');
}

function run(program: string, line: string) {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', WALG_FILE_PREFIX: ARCHIVE };
  const { status, stdout } = spawnSync(program, line.split(' '), { env, encoding: 'utf8' });
  return { line, status, stdout: withoutFractions(stdout) };
}

describe.skipIf(WALG === undefined)("our bin/wal-g, beside WAL-G's own", () => {
  it.each([
    'backup-list',
    'backup-list --pretty',
    'backup-list --detail',
    'backup-list --detail --pretty',
    'backup-list --json',
    'backup-list --json --detail --pretty',
    'wal-show',
    'wal-show --without-backups',
    'wal-show --without-backups --detailed-json',
    'wal-verify integrity --lsn 0/9000000 --timeline 3',
    'wal-verify timeline --lsn 0/9000000 --timeline 3',
    'wal-verify integrity --json --lsn 0/8000000 --timeline 1',
    'wal-verify timeline --json --lsn 0/9000000 --timeline 1',
    'wal-verify',
    'st ls',
    'st ls wal_005',
    'st ls nosuch/',
    'st stat wal_005/00000002.history.lz4',
    'st cat wal_005/00000002.history.lz4 --decompress',
    'st check read',
    'backup-mark nosuch',
    'wal-push /nonexistent/000000010000000000000001',
    'delete retain FULL 9',
    'delete before nosuch',
    'delete before base_000000010000000000000005',
    'nosuch',
  ])('prints and answers the same for %s', (line) => {
    const theirs = run(WALG ?? '', line);
    const ours = run(join(ROOT, 'bin/wal-g'), line);
    expect(ours).toEqual(theirs);
  });
});
