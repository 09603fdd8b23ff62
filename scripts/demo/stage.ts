/**
 * What the demo looks like: headlines, a narrator's lines, and commands that are typed and then really run.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ROOT } from '../toolchain.mjs';

const isTerminal = process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
const isColoured = isTerminal && (process.env['NO_COLOR'] ?? '') === '';

const paint = (code: string, text: string): string => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = (text: string): string => paint('1', text);
const dim = (text: string): string => paint('2', text);
/** For what was lost. */
export const red = (text: string): string => paint('31', text);
/** For what is right again. */
export const green = (text: string): string => paint('32', text);

/** Lets a person read; nobody waits where nobody reads. */
export async function pause(ms: number): Promise<void> {
  if (isTerminal) await sleep(ms);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A new part of the story. */
export async function headline(number: number, text: string): Promise<void> {
  print(`\n${bold(`${number}. ${text}`)}`);
  await pause(600);
}

/** What the narrator says. */
export async function tell(text: string): Promise<void> {
  print(text.replaceAll(/^/gm, '   '));
  await pause(900);
}

const TYPING_MS = 18;

/** Shows a line as if it were typed. */
async function type(line: string): Promise<void> {
  process.stdout.write(`\n   ${bold('$')} `);
  for (const character of line) {
    process.stdout.write(character);
    await pause(TYPING_MS);
  }
  await pause(400);
  process.stdout.write('\n');
}

const PROGRAM = join(ROOT, 'bin/walkback');

/** Types `walkback …` and runs it for real, its output as it is. @throws if it does not exit 0. */
export async function walkback(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  await type(`walkback ${args.map((arg) => (/^[\w:./=+-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`);
  const child = spawn(PROGRAM, args, { env: { ...process.env, ...environment }, stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve));
  if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}`);
  await pause(1200);
}

/** Runs `walkback … --json` behind the scenes; its answer. */
export async function walkbackJson(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const child = spawn(PROGRAM, [...args, '--json'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}`);
  return JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
}

/** A small table: a name, a number, and what to say of it. */
export function figures(rows: readonly (readonly [name: string, value: number, note?: string])[]): void {
  for (const [name, value, note = ''] of rows) {
    print(`     ${name.padEnd(14)} ${value.toLocaleString('en').padStart(8)}  ${note}`);
  }
}

/** The last words. */
export function ending(lines: readonly string[]): void {
  print('');
  for (const line of lines) print(line);
}

/** A quiet remark. */
export function remark(text: string): void {
  print(`   ${dim(text)}`);
}
