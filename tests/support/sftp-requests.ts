/**
 * What a real SFTP server was asked for, and has done: which names it has made, and what it has made durable.
 *
 * @module
 */

import { vi, type MockInstance } from 'vitest';

import { SftpChannel, type SftpHandle } from '../../src/storage/ssh/sftp-channel.ts';

type Done = readonly [order: number, what: string];

/** What came of the calls that were answered without an error, in words. */
function doneBy<A extends unknown[], T>(
  { mock }: MockInstance<(...args: A) => Promise<T>>,
  words: (args: A) => string,
): Done[] {
  return mock.calls.flatMap((args, index): Done[] =>
    mock.settledResults[index]?.type === 'fulfilled' ? [[mock.invocationCallOrder[index] ?? 0, words(args)]] : [],
  );
}

/** Answers with `mkdir`, `name` (a file gets its own) and `sync`, each with a path below `root`, in the order of asking. */
export async function namesMade(root: string, work: () => Promise<unknown>): Promise<string[]> {
  const spyOn = <M extends 'open' | 'makeFolder' | 'link' | 'replace' | 'fsync'>(method: M) =>
    vi.spyOn(SftpChannel.prototype, method);
  const [open, makeFolder, link, replace, fsync] = [
    spyOn('open'),
    spyOn('makeFolder'),
    spyOn('link'),
    spyOn('replace'),
    spyOn('fsync'),
  ] as const;
  try {
    await work();
    const paths = new Map<SftpHandle, string>();
    for (const [index, result] of open.mock.settledResults.entries())
      if (result.type === 'fulfilled') paths.set(result.value, open.mock.calls[index]?.[0] ?? '');
    const below = (path: string): string => path.slice(root.length).replace(/\.tmp\..*/, '.tmp') || '/';
    return [
      ...doneBy(makeFolder, ([path]) => `mkdir ${below(path)}`),
      ...doneBy(link, ([, to]) => `name ${below(to)}`),
      ...doneBy(replace, ([, to]) => `name ${below(to)}`),
      ...doneBy(fsync, ([handle]) => `sync ${below(paths.get(handle) ?? '')}`),
    ]
      .toSorted(([left], [right]) => left - right)
      .map(([, what]) => what);
  } finally {
    for (const spy of [open, makeFolder, link, replace, fsync]) spy.mockRestore();
  }
}
