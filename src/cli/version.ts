/**
 * The version of the program, from its package.json.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Failure } from '../base/failure.ts';

/** `0.1.0`. The package's own file is looked for upwards from this one: sources and bundle lie at different depths. */
export async function programVersion(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let depth = 0; depth < 4; depth += 1) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    const found: unknown = text === undefined ? undefined : JSON.parse(text);
    if (typeof found === 'object' && found !== null && 'version' in found && typeof found.version === 'string') {
      return found.version;
    }
    folder = dirname(folder);
  }
  throw new Failure('failed', {
    message: 'cannot tell the version: there is no package.json beside the program',
    remedy: 'Install walkback again; its files are not complete.',
  });
}
