/**
 * A backup that a resident process has taken, by a process of its own: `walkback backup take` with the same settings.
 *
 * So its memory is given back when it ends, and nothing that goes wrong in it reaches who asked. Flags are handed on as
 * flags and the environment as it is: secrets are in no argument, since no secret has a flag. A backup whose parent is
 * killed goes on and is whole, or is cleaned up after by the next one.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { Failure, messageOf } from '../base/failure.ts';
import { fieldOf } from '../base/unknown-value.ts';
import type { SettingGroup } from '../config/setting.ts';
import { flagOf, type Settings } from '../config/load-settings.ts';
import { SETTING_NAMES, settingOf } from '../config/settings.ts';
import { ownProgram } from './own-program.ts';

/** How the process is started. */
export interface BackupProcessOptions {
  readonly settings: Settings;
  readonly dataDirectory: string;
  /** Full, whatever the settings say of deltas. */
  readonly isFull: boolean;
  readonly signal: AbortSignal;
}

/** What it said at its end. */
export interface BackupProcessAnswer {
  readonly name: string;
  readonly storedBytes: number;
  /** What went wrong beside it. */
  readonly warnings: readonly string[];
}

const GROUPS: readonly SettingGroup[] = ['general', 'archive', 'writing', 'server'];
const MAX_ANSWER_CHARACTERS = 1024 * 1024;
/** 2: taken, with pages in it that were damaged before. */
const TAKEN_CODES = [0, 2];

/** The flags of this process that the other one takes too. */
function handedOn(settings: Settings): string[] {
  const flags = SETTING_NAMES.filter(
    (name) => name !== 'dataDirectory' && GROUPS.includes(settingOf(name).group),
  ).flatMap((name) => {
    const found = settings.find(name);
    return found?.source.kind === 'flag' ? [`${flagOf(name)}=${found.text}`] : [];
  });
  return settings.file === undefined ? flags : [...flags, `--config=${settings.file.path}`];
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function failed(code: number | string, last: unknown, tail: string): Failure {
  const message = fieldOf(last, 'message');
  const remedy = fieldOf(last, 'remedy');
  return new Failure('failed', {
    message:
      typeof message === 'string'
        ? message
        : `cannot take a backup: "walkback backup take" ended with ${code}: ${tail}`,
    remedy: typeof remedy === 'string' ? remedy : 'Run it by hand to see more: walkback backup take',
  });
}

/** Takes a backup. @throws {Failure} what the other process failed with. */
export async function takeBackupInProcess(options: BackupProcessOptions): Promise<BackupProcessAnswer> {
  const { settings, dataDirectory, isFull, signal } = options;
  signal.throwIfAborted();
  const kind = isFull ? ['--full'] : [];
  const args = ['backup', 'take', '--json', ...kind, `--data-directory=${dataDirectory}`, ...handedOn(settings)];
  const own = ownProgram();
  const child = spawn(own.program, [...own.args, ...args], {
    env: { ...settings.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // As a person would stop it: it cleans up.
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    if (answer.length < MAX_ANSWER_CHARACTERS) answer += piece;
  });
  let lastEvent: unknown;
  let lastLine = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastLine = line.slice(0, 1000);
    const event = parsed(line);
    if (fieldOf(event, 'event') === 'failed') lastEvent = event;
  });
  try {
    const ended = await new Promise<number | string>((resolve, reject) => {
      child.once('error', (error) => reject(notStarted(error)));
      child.once('close', (code, by) => resolve(code ?? by ?? 'nothing'));
    });
    signal.throwIfAborted();
    const said = parsed(answer);
    const name = fieldOf(said, 'name');
    if (typeof ended !== 'number' || !TAKEN_CODES.includes(ended) || typeof name !== 'string') {
      throw failed(ended, lastEvent, lastLine);
    }
    const warnings = fieldOf(said, 'warnings');
    return {
      name,
      storedBytes: Number(fieldOf(said, 'compressedSizeBytes') ?? 0),
      warnings: Array.isArray(warnings) ? warnings.map(String) : [],
    };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function notStarted(error: Error): Failure {
  return new Failure('failed', {
    message: `cannot start "walkback backup take": ${messageOf(error)}`,
    remedy: 'Look whether this user may start another process, and whether there is memory for it.',
    cause: error,
  });
}
