/**
 * Standard input, output and error.
 *
 * @module
 */

import type { Readable, Writable } from 'node:stream';

/** A stream that text is written to. */
export interface OutputStream {
  readonly isTTY: boolean | undefined;
  readonly columns: number | undefined;
  readonly stream: Writable;
  /** Resolves when the text has left the process, or its reader has. */
  readonly write: (text: string) => Promise<void>;
}

/** The three streams of a run. */
export interface Streams {
  readonly in: Readable & { readonly isTTY?: boolean | undefined };
  readonly out: OutputStream;
  readonly err: OutputStream;
}

function outputStream(stream: NodeJS.WriteStream): OutputStream {
  // A reader that has gone away (`walkback window | head -1`) is no error of ours.
  stream.on('error', () => {});
  return {
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    stream,
    write: (text) => new Promise((resolve) => stream.write(text, () => resolve())),
  };
}

/** The process's own streams. */
export function standardStreams(): Streams {
  return {
    get in() {
      return process.stdin;
    },
    out: outputStream(process.stdout),
    err: outputStream(process.stderr),
  };
}
