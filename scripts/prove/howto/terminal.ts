/**
 * A person's terminal: a shell that goes on from block to block, with `walkback` of this checkout, and `oc` and `kubectl`, on its PATH.
 *
 * @module
 */

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ROOT } from '../../toolchain.mjs';
import { runProgram } from '../../../tests/support/postgres.ts';

/** The terminal. Disposing closes it. */
export interface Terminal extends AsyncDisposable {
  /** Runs lines as a person types them, with everything that lines before have exported. @throws if one fails. */
  type(lines: readonly string[]): Promise<string>;
}

/** `cluster inspect` ends with 1 when there is something to look at, which a person does, and goes on. */
function orThingsToLookAt(line: string): string {
  return line.startsWith('walkback cluster inspect') ? `${line} || [ $? -eq 1 ]` : line;
}

/** Opens one. `programs` has kubectl; oc, which does the same where this page uses it, is a name for it. */
export async function openTerminal(programs: string, environment: Readonly<Record<string, string>>): Promise<Terminal> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-terminal-'));
  const program = async (name: string, ...words: readonly string[]): Promise<void> => {
    const line = words.map((word) => `'${word}'`).join(' ');
    await writeFile(join(folder, name), `#!/bin/sh\nexec ${line} "$@"\n`);
    await chmod(join(folder, name), 0o755);
  };
  await program('walkback', process.execPath, join(ROOT, 'src', 'main.ts'));
  for (const name of ['kubectl', 'oc']) await program(name, join(programs, 'kubectl'));
  const exported = join(folder, 'exported');
  await writeFile(exported, '');
  const path = `${folder}:${process.env['PATH'] ?? ''}`;
  return {
    type: (lines) => {
      const typed = lines.map(orThingsToLookAt);
      const script = ['set -eu', 'unset "${!BED_@}"', `. '${exported}'`, ...typed, `export -p >'${exported}'`].join(
        '\n',
      );
      return runProgram('bash', ['-c', script], { ...environment, PATH: path, HOME: folder });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
