import { expect, it } from 'vitest';

import { noProgress } from '../base/progress.ts';
import { loadSettings } from '../config/load-settings.ts';
import { openArchive } from './open-archive.ts';
import { takeBackupOfServer } from './take-backup.ts';

const ARCHIVE = new URL('../../fixtures/walg/pg15-zstd-v309/archive', import.meta.url).pathname;

async function taking(environment: Readonly<Record<string, string>>, kind?: 'full'): Promise<unknown> {
  const settings = await loadSettings({
    environment: { WALKBACK_ARCHIVE: ARCHIVE, ...environment },
    workingDirectory: '/',
  });
  await using archive = await openArchive(settings);
  return await takeBackupOfServer(settings, archive, { kind, onProgress: noProgress });
}

it('a delta on a backup by its user data is refused where no backup has it, or a name is given too', async () => {
  const environment = { WALG_DELTA_FROM_USER_DATA: '{"ticket":7}' };
  await expect(taking(environment)).rejects.toMatchObject({ kind: 'notInArchive' });
  await expect(taking({ ...environment, WALG_DELTA_FROM_NAME: 'base_x' })).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringMatching(/^both WALG_DELTA_FROM_NAME and WALG_DELTA_FROM_USER_DATA /),
  });
});

it('a full backup asks for no parent', async () => {
  const refused = taking({ WALG_DELTA_FROM_USER_DATA: '{"ticket":7}' }, 'full');
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('data-directory is not set') });
});
