import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { environmentWith, readEnvironmentDirectory } from './environment-directory.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'walkback-env-'));
});
afterEach(() => rm(directory, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(directory, name), text);

describe('a directory of variables', () => {
  it('has one file for each, of which the first line counts, without blanks behind it', async () => {
    await write('SCOPE', 'shop prod \t\nsecond line\n');
    await write('AWS_SECRET_ACCESS_KEY', ' begins=with a blank');
    expect(await readEnvironmentDirectory(directory)).toEqual({
      SCOPE: 'shop prod',
      AWS_SECRET_ACCESS_KEY: ' begins=with a blank',
    });
  });

  it('has newlines written as NUL, as in a key of several lines', async () => {
    await write('WALG_PGP_KEY', '-----BEGIN\0line\0-----END\n');
    expect(await readEnvironmentDirectory(directory)).toEqual({ WALG_PGP_KEY: '-----BEGIN\nline\n-----END' });
  });

  it('unsets with an empty file, and sets to nothing with an empty line', async () => {
    await write('GONE', '');
    await write('NOTHING', '\n');
    const found = await environmentWith(directory, { GONE: 'before', STAYS: 'yes' });
    expect(found).toEqual({ GONE: undefined, NOTHING: '', STAYS: 'yes', WALKBACK_ENV_DIR: directory });
  });

  it('passes over names with a dot before them, as a mounted Secret has', async () => {
    await mkdir(join(directory, '..data'));
    await write('.hidden', 'x');
    expect(await readEnvironmentDirectory(directory)).toEqual({});
  });

  it.each([
    ['A=B', 'a file is called "A=B"'],
    ['folder/', 'EISDIR'],
  ])('is refused with %s in it', async (name, found) => {
    if (name.endsWith('/')) await mkdir(join(directory, name));
    else await write(name, 'x');
    await expect(readEnvironmentDirectory(directory)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(found),
    });
  });

  it('is refused when it is not there', async () => {
    await expect(readEnvironmentDirectory('/nowhere')).rejects.toMatchObject({ kind: 'usage' });
  });
});
