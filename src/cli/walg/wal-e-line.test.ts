import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { runLine } from './testing/run-line.ts';
import { walgLineOf } from './wal-e-line.ts';

const ARCHIVE = fileURLToPath(new URL('../../../fixtures/walg/pg15-lz4-v305-forks/archive', import.meta.url));

const run = async (line: string) =>
  runLine(line.split(' '), { environment: { WALE_FILE_PREFIX: `file://localhost${ARCHIVE}` }, isWalE: true });

describe("WAL-E's command line", () => {
  it.each([
    ['--aws-instance-profile backup-fetch /data LATEST', 'backup-fetch /data LATEST'],
    ['backup-fetch --blind-restore -p 8 /data base_1', 'backup-fetch /data base_1 --walg-download-concurrency=8'],
    ['backup-fetch --restore-spec SOURCE /data LATEST', 'backup-fetch /data LATEST'],
    ['backup-fetch --restore-spec=/spec /data LATEST', 'backup-fetch /data LATEST --restore-spec=/spec'],
    ['backup-push /data --pool-size 4', 'backup-push /data --walg-upload-concurrency=4'],
    ['backup-push --cluster-read-rate-limit 5000000 /data', 'backup-push /data --walg-disk-rate-limit=5000000'],
    ['wal-fetch -p 8 F P', 'wal-fetch F P --walg-download-concurrency=8'],
    ['wal-fetch F P -p0', 'wal-fetch F P --walg-download-concurrency=1'],
    ['--terse wal-push -p 32 pg_wal/F', 'wal-push pg_wal/F'],
    ['--s3-prefix s3://b/p -k id wal-push F', 'wal-push F --wale-s3-prefix=s3://b/p --aws-access-key-id=id'],
    ['--gpg-key-id 5F wal-push F', 'wal-push F --wale-gpg-key-id=5F'],
    ['delete --confirm retain 3', 'delete retain 3 --confirm'],
    ['delete before base_1', 'delete before base_1'],
    ['backup-list --detail LATEST', 'wal-e-backup-list LATEST --detail'],
    ['version', '--version'],
    ['--help', '--help'],
    ['wal-fetch -h', 'wal-fetch --help'],
  ])('%s does what wal-g does by: %s', (line, walg) => {
    expect(walgLineOf(line.split(' ')).join(' ')).toBe(walg);
  });

  it.each([
    ['backup-push --while-offline /data', 'wal-e --while-offline is not supported by walkback'],
    ['--wabs-prefix wabs://c/p backup-list', 'wal-e --wabs-prefix is not supported by walkback'],
    ['delete old-versions', 'unknown command "delete old-versions" for "wal-g"'],
    ['wal-prefetch /data F', 'wal-e wal-prefetch is not supported by walkback'],
    ['delete --dry-run everything', 'wal-e --dry-run is not supported by walkback'],
    ['wal-fetch F P -p', 'flag needs an argument: -p'],
  ])('%s is refused, and does nothing', async (line, message) => {
    expect(await run(line)).toMatchObject({ code: 1, out: `${message}\n` });
  });

  it('lists backups in columns between tabs, which scripts read by name or by place', async () => {
    const { out, code } = await run('backup-list');
    expect(code).toBe(0);
    const [header, ...rows] = out.slice(0, -2).split('\r\n');
    expect(header).toMatch(/^name\tlast_modified\texpanded_size_bytes\twal_segment_backup_start\t/);
    const [first = ''] = rows;
    expect(first.split(/\s+/).slice(0, 3)).toEqual([
      'base_000000010000000000000002',
      expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      '000000010000000000000002',
    ]);
    expect(rows.every((row) => row.split('\t').length === 7)).toBe(true);
  });

  it('tells sizes and positions of the latest, or of those whose name begins so', async () => {
    const { out } = await run('backup-list --detail base_000000020000000000000004');
    const [header = '', row = '', end] = out.split('\r\n');
    expect(end).toBe('');
    const names = header.split('\t');
    const values = row.split('\t');
    expect(Object.fromEntries(names.map((name, at) => [name, values[at]]))).toEqual({
      name: 'base_000000020000000000000004',
      last_modified: expect.any(String),
      expanded_size_bytes: expect.stringMatching(/^\d{8}$/),
      wal_segment_backup_start: '000000020000000000000004',
      wal_segment_offset_backup_start: '00000040',
      wal_segment_backup_stop: '000000020000000000000004',
      wal_segment_offset_backup_stop: expect.stringMatching(/^\d{8}$/),
    });
    expect((await run('backup-list --detail LATEST')).out.trimEnd().split('\r\n')).toHaveLength(2);
    expect((await run('backup-list --detail base_9')).out.trimEnd().split('\r\n')).toHaveLength(1);
  });
});
