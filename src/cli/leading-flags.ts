/**
 * `--env-dir`, which may also stand before the command: whoever wraps commands in it writes it there, as with `envdir`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** The arguments without a leading `--env-dir`, and what it names. @throws {Failure} `usage` if it names nothing. */
export function withoutEnvDirectory(given: readonly string[]): {
  readonly args: readonly string[];
  readonly directory: string | undefined;
} {
  const [first = '', second = ''] = given;
  const isInline = first.startsWith('--env-dir=');
  if (first !== '--env-dir' && !isInline) return { args: given, directory: undefined };
  const directory = isInline ? first.slice('--env-dir='.length) : second;
  if (directory !== '') return { args: given.slice(isInline ? 1 : 2), directory };
  throw new Failure('usage', { message: 'cannot run: --env-dir needs a value', remedy: 'Give it a directory.' });
}
