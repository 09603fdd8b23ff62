/**
 * WAL-G's command line for unit tests: a line run in this process, with what it wrote.
 *
 * @module
 */

import { PassThrough } from 'node:stream';

import type { OutputStream } from '../../streams.ts';
import { runWalg, type WalgSurroundings } from '../run-walg.ts';

/** What a run came to. */
export interface RanLine {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function output(): OutputStream & { readonly text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const write = async (text: string) => void stream.write(text);
  return { isTTY: false, columns: undefined, stream, write, text: () => Buffer.concat(chunks).toString() };
}

/** Runs the words of a line, with no file of settings in a home directory. */
export async function runLine(words: readonly string[], given: WalgSurroundings): Promise<RanLine> {
  const [out, err] = [output(), output()];
  const code = await runWalg(words, { home: '/nonexistent', streams: { in: new PassThrough(), out, err }, ...given });
  return { code, out: out.text(), err: err.text() };
}
