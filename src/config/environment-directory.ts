/**
 * A directory of variables, one file each, as `envdir` of daemontools reads it: by it secrets reach a program without
 * being in the environment of every process around it.
 *
 * The variable is called what the file is called and is its first line, without blanks at the end; a NUL stands for a
 * newline. An empty file unsets the variable. Names that begin with a dot are passed over.
 *
 * Source: daemontools' envdir(8), http://cr.yp.to/daemontools/envdir.html.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { ENV_DIRECTORY_VARIABLE, overlayProcessEnvironment, type Environment } from './environment.ts';

const LARGEST_FILE_BYTES = 1024 ** 2;

function unusable(directory: string, found: string, cause?: unknown): Failure {
  return new Failure('usage', {
    message: `cannot use the environment directory ${directory}: ${found}`,
    remedy: `Give --env-dir (or ${ENV_DIRECTORY_VARIABLE}) a directory with one file for each variable, readable by whoever runs walkback.`,
    cause,
  });
}

/** What a file says of its variable; `undefined`: it is unset. */
function valueIn(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return undefined;
  const [line = ''] = bytes.toString('utf8').split('\n', 1);
  return line.replace(/[ \t]+$/, '').replaceAll('\0', '\n');
}

/** Reads a directory: what each variable is, `undefined` for one that is unset. @throws {Failure} `usage`. */
export async function readEnvironmentDirectory(directory: string): Promise<Environment> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const read = entries
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.'))
      .map(async (name): Promise<[string, string | undefined]> => {
        if (name.includes('=')) throw unusable(directory, `a file is called ${JSON.stringify(name)}`);
        const bytes = await readFile(join(directory, name));
        if (bytes.length > LARGEST_FILE_BYTES) throw unusable(directory, `${name} is larger than a variable can be`);
        return [name, valueIn(bytes)];
      });
    return Object.fromEntries(await Promise.all(read));
  } catch (error) {
    throw error instanceof Failure ? error : unusable(directory, messageOf(error), error);
  }
}

/**
 * The environment of a run: that of the directory over the one given.
 *
 * Without one given it is the process's own, and is changed itself: libraries that look variables up, and processes that
 * are started, see the same. They are told of this directory too, and not of another that the process was started with.
 *
 * @throws {Failure} `usage` if there is no such directory, or it cannot be read.
 */
export async function environmentWith(directory: string, given: Environment | undefined): Promise<Environment> {
  const variables = { ...(await readEnvironmentDirectory(directory)), [ENV_DIRECTORY_VARIABLE]: directory };
  return given === undefined ? overlayProcessEnvironment(variables) : { ...given, ...variables };
}
