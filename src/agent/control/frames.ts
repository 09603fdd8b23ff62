/**
 * Frames: what a command says while it runs for a caller elsewhere, one JSON object a line.
 *
 * | kind | says |
 * |---|---|
 * | `out`, `err` | text for the caller's standard output and error |
 * | `report` | a step, progress or a note, as the command reports it (`src/cli/output/reporter.ts`), and when |
 * | `ask` | a question that a person must answer, by its number; `answered` when it is over |
 * | `exit` | the command's exit code; nothing comes after it |
 * | `lost` | added by the agent: the command ended, and nobody saw how |
 * | `beat` | added by the agent when nothing was said for a while; not counted when a caller asks for frames from a number on |
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';

/** One frame. */
export type Frame =
  | { readonly kind: 'out' | 'err'; readonly text: string }
  | { readonly kind: 'report'; readonly atMs: number; readonly call: string; readonly args: readonly unknown[] }
  | { readonly kind: 'ask'; readonly number: number; readonly question: string }
  | { readonly kind: 'answered'; readonly number: number }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'lost' }
  | { readonly kind: 'beat' };

/** No line of frames is longer, in characters: longer text is cut into several frames. */
export const LONGEST_LINE = 1024 * 1024;

/** One frame as a line, with its newline. */
export function frameLine(frame: Frame): string {
  return `${JSON.stringify(frame)}\n`;
}

/** True for the line of an `exit` frame. */
export function isExitLine(line: string): boolean {
  return line.startsWith('{"kind":"exit",');
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Said below, with the line.
  }
  throw notAFrame(line);
}

function notAFrame(line: string): Failure {
  return new Failure('corrupt', {
    message: `cannot read what the agent says: ${JSON.stringify(line.slice(0, 100))} is no frame`,
    remedy: 'Look whether the address is that of an agent, and whether both are of the same version.',
  });
}

/** Reads one line. @throws {Failure} `corrupt` if it is no frame. */
export function parseFrame(line: string): Frame {
  const { kind, text, atMs, call, args, number, question, code } = fieldsOf(line);
  if ((kind === 'out' || kind === 'err') && typeof text === 'string') return { kind, text };
  if (kind === 'report' && typeof atMs === 'number' && typeof call === 'string' && Array.isArray(args)) {
    return { kind, atMs, call, args };
  }
  if (kind === 'ask' && typeof number === 'number' && typeof question === 'string') return { kind, number, question };
  if (kind === 'answered' && typeof number === 'number') return { kind, number };
  if (kind === 'exit' && typeof code === 'number') return { kind, code };
  if (kind === 'lost' || kind === 'beat') return { kind };
  throw notAFrame(line);
}
