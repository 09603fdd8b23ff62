/**
 * One run of the program: finds the command, reads its arguments and settings, runs it, shows what it answers.
 *
 * @module
 */

import { resolve } from 'node:path';

import { Failure, isFailure } from '../base/failure.ts';
import { ENV_DIRECTORY_VARIABLE, processEnvironment, type Environment } from '../config/environment.ts';
import { isInKubernetes, loadSettings, type Settings, type SettingsInUse } from '../config/load-settings.ts';
import type { Answer, Command } from './command.ts';
import { exitCode, type Listener } from './exit-code.ts';
import { behindCommand, withoutEnvDirectory } from './leading-flags.ts';
import { endingJson, endingText } from './output/failure-text.ts';
import { jsonText } from './output/json-text.ts';
import { openReporter } from './output/open-reporter.ts';
import { questionsOver, type Questions } from './output/questions.ts';
import type { Reporter } from './output/reporter.ts';
import { screenFor, type ColorChoice, type Screen } from './output/screen.ts';
import { parseArguments, readGiven, type Arguments } from './parse-arguments.ts';
import { findCommand, PROGRAM, type ProgramEntry } from './program.ts';
import { relayedCommand } from './relay/relayed-table.ts';
import type { Session } from './session.ts';
import { abortOnSignals, type WatchedSignals } from './signals.ts';
import { standardStreams, type OutputStream, type Streams } from './streams.ts';

/** What a run is given; the process's own by default. */
export interface Surroundings {
  readonly program?: readonly ProgramEntry[];
  readonly environment?: Environment;
  readonly streams?: Streams;
  /** Who listens when the command itself cannot be asked. */
  readonly listener?: Listener;
  /** Stops the run, beside SIGINT and SIGTERM. */
  readonly signal?: AbortSignal;
  /** For whom the command runs, if that is not the terminal of this process; it is then not handed on. */
  readonly caller?: Caller;
}

/** Somebody elsewhere for whom a command runs. */
export interface Caller {
  /** What says how text is shown: locale, terminal, colour. */
  readonly environment: Environment;
  /** The zone of that host. */
  readonly zone: string;
  readonly reporter: Reporter;
  readonly questions: (signal: AbortSignal) => Questions;
}

interface Run {
  readonly program: readonly ProgramEntry[];
  environment: Environment;
  /** As it was given; `undefined`: the process's own. */
  readonly givenEnvironment: Environment | undefined;
  /** `--env-dir`, before or behind the command. */
  envDirectory: string | undefined;
  readonly streams: Streams;
  readonly caller: Caller | undefined;
  listener: Listener;
  isJson: boolean;
  isVerbose: boolean;
  color: ColorChoice;
  /** The zone that times are shown in, once the settings are read and if they name one. */
  zone: string | undefined;
}

/** Runs the program with the arguments behind its name. Answers the exit code; throws nothing. */
export async function runProgram(args: readonly string[], given: Surroundings = {}): Promise<number> {
  const run: Run = {
    program: given.program ?? PROGRAM,
    environment: given.environment ?? processEnvironment(),
    givenEnvironment: given.environment,
    envDirectory: undefined,
    streams: given.streams ?? standardStreams(),
    caller: given.caller,
    listener: given.listener ?? 'operator',
    isJson: false,
    isVerbose: false,
    color: 'auto',
    zone: undefined,
  };
  const signals = abortOnSignals(given.signal);
  try {
    return await runFound(args, run, signals);
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    await showEnding(error, run, signals.signal.aborted);
    if (signals.signal.aborted) return exitCode('interrupted', run.listener);
    return exitCode(isFailure(error) ? error.kind : 'bug', run.listener);
  } finally {
    signals.dispose();
  }
}

/** Nobody reads the answer any more (`walkback log --ndjson | head -1`): an end, and no failure. */
class ReaderGone extends Error {}

async function runFound(given: readonly string[], run: Run, signals: WatchedSignals): Promise<number> {
  const { args, directory } = withoutEnvDirectory(given);
  run.envDirectory = directory;
  const onlyVersion = args[0] === '--version';
  if (onlyVersion) return showVersion(run);
  // `walkback help recover run` is `walkback recover run --help`.
  const words = behindCommand(args);
  const found = findCommand(words[0] === 'help' ? [...words.slice(1), '--help'] : words, run.program);
  if (found.kind === 'group') return showGroup(found.words, found.rest, run);
  const command = await found.entry.load();
  run.listener = run.listener === 'operator' ? command.listener : run.listener;
  const parsed = parseArguments(command, found.rest);
  readCommon(parsed, run);
  if (parsed.common.has('version')) return showVersion(run);
  if (parsed.common.has('help')) {
    const { commandHelp } = await import('./help.ts');
    await run.streams.out.write(commandHelp(command, run.isVerbose));
    return 0;
  }
  return runCommand(command, parsed, run, signals);
}

function readCommon(parsed: Arguments, run: Run): void {
  run.isJson = parsed.common.has('json');
  run.isVerbose = parsed.common.has('verbose');
  const color = parsed.common.get('color') ?? 'auto';
  if (color !== 'auto' && color !== 'always' && color !== 'never') {
    throw new Failure('usage', {
      message: `cannot use ${JSON.stringify(color)} for --color: expected auto, always or never`,
      remedy: 'Give one of these.',
    });
  }
  run.color = color;
  const directory = parsed.common.get('env-dir');
  if (directory !== undefined && run.envDirectory !== undefined)
    throw new Failure('usage', {
      message: `cannot tell which variables are meant: --env-dir is given as ${run.envDirectory} and as ${directory}`,
      remedy: 'Give it once.',
    });
  run.envDirectory ??= directory;
}

/** What PostgreSQL runs for each segment must not wait for Patroni's configuration to be read. */
function asksTheServer({ listener, settings }: Command): boolean {
  return (listener === 'operator' || listener === 'monitoring') && settings.includes('server');
}

/** Of a member of a Patroni cluster, Patroni's configuration tells where its server is, if nothing else does. */
async function withMemberSettings(settings: Settings): Promise<Settings> {
  if (settings.get('clusterKind') !== 'patroni') return settings;
  const { withDataDirectory } = await import('../app/patroni-settings.ts');
  return withDataDirectory(settings);
}

/** Of a cluster in a namespace, its pods tell where the archive is and how it is reached. */
async function withPodArchive(command: Command, settings: Settings): Promise<SettingsInUse> {
  const isOfBoth = command.settings.includes('kubernetes') && command.settings.includes('archive');
  if (!isOfBoth || !isInKubernetes(settings)) return { settings, [Symbol.asyncDispose]: async () => {} };
  const { openPodSettings } = await import('../app/pod-archive.ts');
  return openPodSettings(settings);
}

/** Takes the variables of a directory into the run, where one is named. */
async function openEnvironment(command: Command, run: Run): Promise<void> {
  const named = command.ownEnvironment ? '' : (run.environment[ENV_DIRECTORY_VARIABLE] ?? '');
  const directory = run.envDirectory ?? named;
  if (directory === '') return;
  const { environmentWith } = await import('../config/environment-directory.ts');
  run.environment = await environmentWith(resolve(directory), run.givenEnvironment);
}

async function runCommand(
  command: Command,
  parsed: Arguments,
  run: Run,
  { signal, hold: holdSignals }: WatchedSignals,
): Promise<number> {
  await openEnvironment(command, run);
  const loaded = await loadSettings({
    flags: parsed.settings,
    configPath: parsed.common.get('config'),
    environment: run.environment,
  });
  await using opened = await withPodArchive(
    command,
    asksTheServer(command) ? await withMemberSettings(loaded) : loaded,
  );
  const { settings } = opened;
  const showsTimes = command.listener === 'operator' || command.listener === 'monitoring';
  const zone = showsTimes ? settings.get('timeZone') : undefined;
  run.zone = zone;
  const given = readGiven(command, parsed, { zone, workingDirectory: process.cwd() });
  const screen = screenOf(run, run.streams.out);
  const reporter = run.caller?.reporter ?? openReporter({ ...run, stream: run.streams.err, zone });
  const questions = run.caller?.questions(signal) ?? questionsAtTerminal(run, signal, reporter);
  for (const warning of settings.warnings) reporter.warn(warning);
  if (run.isVerbose) noteSettings(settings, command, reporter.note);
  const write = async (text: string) => {
    await run.streams.out.write(text);
    if (run.streams.out.stream.errored !== null) throw new ReaderGone();
  };
  const checkForCaller: Session['checkForCaller'] = async (args, dataDirectory) => {
    const { checkRelayed } = await import('./relay/check-relayed.ts');
    return checkRelayed(args, { settings, dataDirectory });
  };
  const { isJson } = run;
  const session = { settings, signal, holdSignals, reporter, screen, questions, checkForCaller, isJson, write };
  const work = run.caller === undefined ? await handedOn(command, parsed, session, run) : undefined;
  const answer = await (work?.() ?? command.run(given, session)).catch((error: unknown) => {
    reporter.end('failed');
    throw error;
  });
  reporter.end('done');
  if (answer.isWritten !== true) await showAnswer(answer, run, screen);
  return answer.exitCode ?? 0;
}

function screenOf({ caller, environment, color, zone }: Run, stream: OutputStream): Screen {
  return screenFor({ stream, environment: caller?.environment ?? environment, color, zone: zone ?? caller?.zone });
}

function questionsAtTerminal({ streams, isJson }: Run, signal: AbortSignal, reporter: Reporter): Questions {
  return questionsOver({
    input: streams.in,
    output: streams.err.stream,
    isTerminal: streams.in.isTTY === true && streams.err.isTTY === true && !isJson,
    signal,
    beforeAsking: reporter.pause,
  });
}

/** The command run by an agent elsewhere, where that is asked for; `undefined`: it runs here. */
async function handedOn(
  command: Command,
  parsed: Arguments,
  session: Session,
  { environment, streams }: Run,
): Promise<(() => Promise<Answer>) | undefined> {
  const { settings } = session;
  const isAsked = settings.find('via') !== undefined || settings.find('viaMember') !== undefined;
  if (relayedCommand(command.path) === undefined) return undefined;
  if (!isAsked && settings.get('clusterKind') !== 'patroni') return undefined;
  // The client of HTTP is not loaded where nothing is handed on.
  const { agentsFor } = await import('./relay/agents-for.ts');
  const agents = await agentsFor(command.path, parsed.operands, session);
  if (agents === undefined) return undefined;
  const { runVia } = await import('./relay/run-via.ts');
  return () => runVia({ command, parsed, session, environment, streams, agents });
}

function noteSettings(settings: Settings, command: Command, note: (line: string) => void): void {
  for (const line of settings.describe(command.settings)) note(line);
}

async function showAnswer(answer: Answer, run: Run, screen: Parameters<Answer['text']>[0]): Promise<void> {
  await run.streams.out.write(run.isJson ? `${jsonText(answer.json)}\n` : answer.text(screen));
}

async function showGroup(words: readonly string[], rest: readonly string[], run: Run): Promise<number> {
  const { groupHelp } = await import('./help.ts');
  const text = await groupHelp(words, run.program);
  const asked = rest[0] === '--help' || rest[0] === '-h';
  if (asked) {
    await run.streams.out.write(text);
    return 0;
  }
  // Not 0: an archive_command whose variable is empty must not pass for an archived file.
  await run.streams.err.write(text);
  const what = words.length === 0 ? 'no command is given' : `"${words.join(' ')}" is not a whole command`;
  throw new Failure('usage', { message: `cannot run: ${what}`, remedy: 'Give one of the commands above.' });
}

async function showVersion(run: Run): Promise<number> {
  const { programVersion } = await import('./version.ts');
  await run.streams.out.write(`walkback ${await programVersion()} (Node ${process.versions.node})\n`);
  return 0;
}

async function showEnding(error: unknown, run: Run, wasInterrupted: boolean): Promise<void> {
  const screen = screenOf(run, run.streams.err);
  const isOnlyTheSignal = wasInterrupted && !isFailure(error);
  if (run.isJson) {
    const facts = isOnlyTheSignal ? { kind: 'interrupted' } : endingJson(error);
    await run.streams.err.write(`${jsonText({ at: new Date().toISOString(), event: 'failed', ...facts })}\n`);
    return;
  }
  const text = isOnlyTheSignal
    ? 'walkback: stopped, as asked\n'
    : endingText(error, screen, { isVerbose: run.isVerbose, hasZone: run.zone !== undefined });
  await run.streams.err.write(text);
}
