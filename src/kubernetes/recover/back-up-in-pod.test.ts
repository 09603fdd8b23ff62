import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { TAKE_BACKUP } from './back-up-in-pod.ts';

/** Says what it is given: arguments, login, address, and what is left of the input. */
const WAL_G = `#!/bin/sh
printf '%s\\n' "$*" "$PGDATA" "$PGUSER" "\${PGPASSWORD-none}" "$PGHOST" "$PGPORT" "$(cat)"
`;

/** What the pod's `wal-g` is given, where the container has these variables. */
async function givenToWalg(variables: Readonly<Record<string, string>>, password?: string): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pod-'));
  try {
    const programs = join(folder, 'bin');
    await mkdir(programs);
    await writeFile(join(programs, 'wal-g'), WAL_G);
    await chmod(join(programs, 'wal-g'), 0o755);
    await writeFile(join(folder, 'postmaster.pid'), `1\n${folder}\n0\n5433\n/tmp\nlocalhost\n`);
    const words = ['-c', TAKE_BACKUP, 'sh', folder, 'postgres', password === undefined ? '' : 'password'];
    const { stdout, stderr } = spawnSync('/bin/sh', words, {
      encoding: 'utf8',
      input: password ?? '',
      env: { PATH: `${programs}:/usr/bin:/bin`, RW_DIR: folder, ...variables },
    });
    expect(stderr).toBe('');
    return stdout.replaceAll(folder, 'DATA').split('\n').slice(0, 7);
  } finally {
    await rm(folder, { recursive: true });
  }
}

it('the program in the pod is given the login of the superuser, whatever user its variables are for', async () => {
  const ofApplication = { PGUSER: 'shop', PGPASSWORD: 'of the shop', POSTGRES_PASSWORD: 'of the shop' };
  expect(await givenToWalg(ofApplication, `it's "$tea"`)).toEqual([
    'backup-push DATA',
    'DATA',
    'postgres',
    `it's "$tea"`,
    '/tmp',
    '5433',
    '',
  ]);
});

it.each([
  [{}, ['postgres', 'none']],
  [{ POSTGRESQL_PASSWORD: 'tea' }, ['postgres', 'tea']],
  [{ PGUSER: 'root', PGPASSWORD: 'cola', POSTGRES_PASSWORD: 'tea' }, ['root', 'cola']],
])('without a password that is known here, it is given what %j say', async (variables, login) => {
  expect((await givenToWalg(variables as Record<string, string>)).slice(2, 4)).toEqual(login);
});
