/**
 * One run of WAL-G's command line.
 *
 * Exit codes are WAL-G's: 0, or 1 for whatever went wrong, with two exceptions that keep a server safe. `wal-fetch` answers
 * as `restore_command` must (`src/archive/fetch-exit-code.ts`), where WAL-G's 1 would end a recovery short of its target; and
 * in the data directory of a server in archive recovery no failure is below 126.
 *
 * Source: WAL-G `cmd/pg/pg.go`, `main/pg/main.go`.
 *
 * @module
 */

import { resolve } from 'node:path';

import { isFailure, messageOf, type Failure } from '../../base/failure.ts';
import {
  ENV_DIRECTORY_VARIABLE,
  overlayProcessEnvironment,
  processEnvironment,
  type Environment,
} from '../../config/environment.ts';
import { loadSettings, type Settings } from '../../config/load-settings.ts';
import type { SettingName } from '../../config/settings.ts';
import { exitCode, type Listener } from '../exit-code.ts';
import { abortOnSignals } from '../signals.ts';
import { standardStreams, type Streams } from '../streams.ts';
import { parseWalgArguments, WalgUsageError, type WalgArguments } from './parse-walg-arguments.ts';
import type { WalgCommand, WalgSession } from './walg-command.ts';
import { archiveEnvironment, walgEnvironment } from './walg-environment.ts';
import { COMMON_FLAGS, walgCommandHelp, walgGroupHelp, walgUsage } from './walg-help.ts';
import { walgLogLevel, walgLogTo, type WalgLog } from './walg-log.ts';
import { withTurbo } from './turbo.ts';
import { unreadSettingsIn } from './unread-settings.ts';
import { findWalgCommand } from './walg-program.ts';
import { flagOfVariable, isSecretVariable, isWalgVariable } from './walg-variables.ts';

/** What a run is given; the process's own by default. */
export interface WalgSurroundings {
  readonly environment?: Environment;
  readonly streams?: Streams;
  /** Who listens, where the command is not the one to ask. */
  readonly listener?: Listener;
  readonly home?: string;
  /** A directory of variables that count before the environment's; the one that the environment names, if absent. */
  readonly envDirectory?: string;
  readonly signal?: AbortSignal;
  /** The arguments are those of WAL-E. */
  readonly isWalE?: boolean;
}

interface Run {
  environment: Environment;
  readonly streams: Streams;
  readonly home: string | undefined;
  readonly log: WalgLog;
  readonly signal: AbortSignal;
  /** The environment is the process's own, not one that was given. */
  readonly isOwnEnvironment: boolean;
  listener: Listener;
}

const FAILED = 1;

/** Runs it with the arguments behind `wal-g`. Answers the exit code; throws nothing. */
export async function runWalg(args: readonly string[], given: WalgSurroundings = {}): Promise<number> {
  const environment = given.environment ?? processEnvironment();
  const streams = given.streams ?? standardStreams();
  const signals = abortOnSignals(given.signal);
  const log = walgLogTo(streams.err, walgLogLevel(environment['WALG_LOG_LEVEL']));
  const listener = given.listener ?? 'operator';
  const isOwnEnvironment = given.environment === undefined;
  const { signal } = signals;
  const run: Run = { environment, streams, home: given.home, log, signal, isOwnEnvironment, listener };
  try {
    run.environment = await openEnvironment(given, environment);
    return await (given.isWalE === true ? runWalE(args, run) : runFound(args, run));
  } catch (error) {
    return failedCode(error, run);
  } finally {
    await log.flushed();
    signals.dispose();
  }
}

async function openEnvironment(given: WalgSurroundings, environment: Environment): Promise<Environment> {
  const directory = given.envDirectory ?? environment[ENV_DIRECTORY_VARIABLE] ?? '';
  if (directory === '') return environment;
  const { environmentWith } = await import('../../config/environment-directory.ts');
  return environmentWith(resolve(directory), given.environment);
}

/** Says what went wrong; the remedy is a line of its own, so that a log that is cut by lines keeps the message. */
function failedCode(error: unknown, run: Run): number {
  if (run.signal.aborted && !isFailure(error)) {
    run.log.error('stopped, as asked');
    return serverCode('interrupted', run.listener);
  }
  run.log.error(
    isFailure(error)
      ? error.message
      : `a bug in walkback: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
  );
  if (isFailure(error)) for (const line of remedyLines(error)) run.log.info(line);
  return serverCode(isFailure(error) ? error.kind : 'bug', run.listener);
}

function remedyLines({ facts, remedy }: Failure): string[] {
  return [...facts, ...remedy.split('\n')];
}

/** WAL-G's 1, unless a server in recovery would take it for the end of the archive. */
function serverCode(ending: Parameters<typeof exitCode>[0], listener: Listener): number {
  return listener === 'restore_command' ? exitCode(ending, listener) : FAILED;
}

/** As WAL-E's line says it. */
async function runWalE(args: readonly string[], run: Run): Promise<number> {
  const { walgLineOf } = await import('./wal-e-line.ts');
  let line: readonly string[];
  try {
    line = walgLineOf(args);
  } catch (error) {
    if (error instanceof WalgUsageError) return usageError(error.message, '', run);
    throw error;
  }
  return runFound(line, run);
}

async function runFound(args: readonly string[], run: Run): Promise<number> {
  const { streams } = run;
  if (args[0] === '--version' || args[0] === '-v') return showVersion(run);
  const found = findWalgCommand(args[0] === 'help' ? [...args.slice(1), '--help'] : args);
  switch (found.kind) {
    case 'group':
      await streams.out.write(await walgGroupHelp(found.words));
      // In a server's recovery an empty variable must not pass for a file that was fetched.
      return run.listener === 'restore_command' ? serverCode('usage', run.listener) : 0;
    case 'refused':
      return usageError(`"${found.words}" is not supported by walkback. ${found.instead}`, '', run);
    case 'unknown':
      return usageError(
        `unknown command ${JSON.stringify(found.word)} for "wal-g"`,
        "Run 'wal-g --help' for usage.\n",
        run,
      );
    case 'command': {
      const command = await found.entry.load();
      return runCommand(command, found.rest, run);
    }
  }
}

async function usageError(message: string, usage: string, run: Run): Promise<number> {
  await run.streams.err.write(`Error: ${message}\n${usage}\n`);
  // WAL-G says it again on standard output.
  await run.streams.out.write(`${message}\n`);
  return serverCode('usage', run.listener);
}

async function runCommand(command: WalgCommand, args: readonly string[], run: Run): Promise<number> {
  if (run.listener === 'operator') run.listener = command.listener;
  let given: WalgArguments;
  try {
    const flags = { ...COMMON_FLAGS, ...command.flags };
    given = parseWalgArguments(args, { flags, isVariable: isWalgVariable });
    if (!given.flags.has('help')) checkOperands(command, given.operands);
  } catch (error) {
    if (error instanceof WalgUsageError) return usageError(error.message, walgUsage(command), run);
    throw error;
  }
  if (given.flags.has('help')) {
    await run.streams.out.write(walgCommandHelp(command));
    return run.listener === 'restore_command' ? serverCode('usage', run.listener) : 0;
  }
  try {
    return await command.run(given, await openSession(command, given, run));
  } catch (error) {
    if (error instanceof WalgUsageError) return usageError(error.message, walgUsage(command), run);
    throw error;
  }
}

function checkOperands({ operands: [fewest, most], usage }: WalgCommand, given: readonly string[]): void {
  if (given.length >= fewest && given.length <= most) return;
  const wanted = fewest === most ? `${fewest}` : `${fewest} to ${most}`;
  throw new WalgUsageError(`accepts ${wanted} arg(s)${usage === '' ? '' : ` (${usage})`}, received ${given.length}`);
}

async function openSession(command: WalgCommand, given: WalgArguments, run: Run): Promise<WalgSession> {
  const { home } = run;
  const configPath = given.values.get('config');
  const environment = await walgEnvironment({
    configPath,
    environment: run.environment,
    ...(home === undefined ? {} : { home }),
  });
  const sources = { environment: { ...environment, ...Object.fromEntries(given.settings) } };
  const warnings = [...visibleSecrets(given), ...unreadSettingsIn(sources.environment, run.environment)];
  // Libraries look up there what stands in a file of settings (AWS_PROFILE, PGPASSFILE), as they do for WAL-G.
  if (run.isOwnEnvironment) overlayProcessEnvironment(sources.environment);
  const log = walgLogTo(run.streams.err, walgLogLevel(sources.environment['WALG_LOG_LEVEL']));
  warnWithoutEffect(command, given, log);
  for (const warning of warnings) log.warning(warning);
  const load = async (flags?: ReadonlyMap<SettingName, string>): Promise<Settings> => {
    const loaded = await loadSettings(flags === undefined ? sources : { ...sources, flags });
    return given.flags.has('turbo') ? withTurbo(loaded) : loaded;
  };
  const settings = await load();
  for (const warning of settings.warnings) log.warning(warning);
  return {
    settings,
    log,
    streams: run.streams,
    signal: run.signal,
    settingsWith: load,
    settingsOf: async (path) => {
      const ofFile = await archiveEnvironment(path, run.environment);
      for (const warning of unreadSettingsIn(ofFile, run.environment)) log.warning(`${warning} (${path})`);
      return loadSettings({ environment: ofFile });
    },
  };
}

/** What was accepted, and should be put elsewhere. */
function visibleSecrets({ settings }: WalgArguments): string[] {
  return [...settings.keys()]
    .filter(isSecretVariable)
    .map(
      (variable) =>
        `${flagOfVariable(variable)} can be read by every user of this host in the list of processes: set ${variable} in the environment, or in a file of settings`,
    );
}

function warnWithoutEffect(command: WalgCommand, given: WalgArguments, log: WalgLog): void {
  for (const [name, { withoutEffect }] of Object.entries(command.flags)) {
    if (withoutEffect === undefined || !(given.flags.has(name) || given.values.has(name))) continue;
    log.warning(`--${name}: ${withoutEffect}`);
  }
}

async function showVersion(run: Run): Promise<number> {
  const { programVersion } = await import('../version.ts');
  await run.streams.out.write(`wal-g version walkback-${await programVersion()}\t-\t-\tPostgreSQL\n`);
  return 0;
}
