/**
 * Flags that may also stand before the command: `--env-dir`, since whoever wraps commands in it writes it there, as with
 * `envdir`; and `--via`, which says where the command runs.
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

const LEADING: readonly string[] = ['--via', '--env-dir'];

/** The same arguments with leading flags behind the words of the command, where they mean the same. */
export function behindCommand(args: readonly string[]): readonly string[] {
  const isLeading = (arg: string | undefined) => arg !== undefined && LEADING.includes(arg.split('=')[0] ?? '');
  let end = 0;
  while (isLeading(args[end])) end += args[end]?.includes('=') === true ? 1 : 2;
  if (end === 0) return args;
  const rest = args.slice(end);
  const wordsEnd = rest.findIndex((arg) => arg.startsWith('-'));
  const words = wordsEnd === -1 ? rest : rest.slice(0, wordsEnd);
  return [...words, ...args.slice(0, end), ...rest.slice(words.length)];
}
