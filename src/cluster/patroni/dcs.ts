/**
 * One Patroni cluster's keys in its DCS, by `dcs.py`, which is run with Patroni's own Python and so works with every kind
 * of DCS that this Patroni works with.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Failure, messageOf, type FailureKind } from '../../base/failure.ts';
import { parseDcsKeys, parseObject, textOr, type DcsKeys } from './dcs-keys.ts';
import { findPatroniPython } from './patroni-process.ts';

/** Which cluster. */
export interface DcsOptions {
  /** Patroni's YAML file on this host. What it says, `PATRONI_…` variables of this process override, as for Patroni. */
  readonly patroniConfig: string;
  /** The interpreter with Patroni's library; that of Patroni on this host unless told. */
  readonly python?: readonly string[] | undefined;
}

/** Reads and changes keys of one scope. Each call is one short process; each throws {@link Failure} `unavailable` while the DCS does not answer. */
export interface PatroniDcs {
  show(): Promise<DcsKeys>;
  lockHolder(): Promise<string | undefined>;
  /** What Patroni's file and environment say of this member, as an object that holds passwords. */
  configuration(): Promise<Record<string, unknown>>;
  /** Sets `pause` in the dynamic configuration; false if it was set. */
  pause(): Promise<boolean>;
  /** Removes it; false if it was not set. */
  resume(): Promise<boolean>;
  /**
   * Forgets the leader's position and slots, and which standby is synchronous; false if there was nothing to forget.
   *
   * @throws {Failure} `refused` while another member leads.
   */
  clearStatus(): Promise<boolean>;
  /** Removes an empty `initialize` key; false if there is none. @throws {Failure} `refused` if it holds a system identifier, or somebody leads. */
  cancelInitialize(): Promise<boolean>;
}

type Verb =
  | 'show'
  | 'lock-holder'
  | 'configuration'
  | 'pause'
  | 'resume'
  | 'clear-status'
  | 'clear-sync'
  | 'cancel-initialize';

/** Longer than the script itself waits for the DCS. */
const TIMEOUT_MS = 45_000;
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Beside this file in the sources; in a folder of its own beside the bundle. */
function scriptPath(): string {
  const bundled = fileURLToPath(new URL('py/dcs.py', import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL('dcs.py', import.meta.url));
}

interface Ended {
  readonly code: number | undefined;
  readonly output: string;
  readonly said: string;
}

function runScript(python: readonly string[], args: readonly string[]): Promise<Ended> {
  const [program = 'python3', ...first] = python;
  const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT_BYTES } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...first, scriptPath(), ...args], options, (error, output, said) => {
      if (error !== null && typeof error.code === 'string') return reject(cannotRun(program, error));
      resolve({ code: child.exitCode ?? undefined, output, said });
    });
  });
}

function cannotRun(program: string, error: unknown): Failure {
  return new Failure('failed', {
    message: `cannot run Patroni's Python ${program}: ${messageOf(error)}`,
    remedy: 'Set patroni-python to the interpreter in the first line of patronictl.',
    cause: error,
  });
}

const KIND_OF: Readonly<Record<number, FailureKind>> = { 64: 'usage', 69: 'unavailable', 77: 'refused', 78: 'usage' };

const REMEDY_OF: Readonly<Partial<Record<FailureKind, string>>> = {
  unavailable:
    'See that the DCS (etcd, Consul, ZooKeeper, Kubernetes) is up and reached from here, then run this again.',
  refused: 'Look at the cluster ("patronictl list"), then run this again.',
  usage: 'Correct patroni-config, or patroni-python: the file and the Python must be those that Patroni runs with.',
};

function failureOf(verb: Verb, configFile: string, ended: Ended, lastLine: string): Failure {
  const kind = KIND_OF[ended.code ?? 69] ?? 'failed';
  const error = lastLine === '' ? undefined : textOr(parseObject(lastLine)['error']);
  const found = error ?? (ended.code === undefined ? 'it has not answered' : `it ended with ${ended.code}`);
  return new Failure(kind, {
    message: `cannot ${WORDS[verb]} of the cluster of ${configFile}: ${found}`,
    remedy: REMEDY_OF[kind] ?? 'Run "patronictl list" on this host and see what it says.',
    facts: ended.said.trim() === '' ? [] : ended.said.trim().split('\n').slice(-4),
  });
}

const WORDS: Record<Verb, string> = {
  show: 'read the keys',
  'lock-holder': 'read the leader',
  configuration: 'read the configuration',
  pause: 'pause the Patroni',
  resume: 'resume the Patroni',
  'clear-status': 'clear the status key',
  'clear-sync': 'clear the sync key',
  'cancel-initialize': 'remove the initialize key',
};

/** The cluster that a Patroni configuration names. Nothing is run before the first call. */
export function openDcs({ patroniConfig, python }: DcsOptions): PatroniDcs {
  const callAll = async (verbs: readonly [Verb, ...Verb[]]): Promise<Record<string, unknown>[]> => {
    const interpreter = python ?? (await findPatroniPython(patroniConfig));
    const ended = await runScript(interpreter, [patroniConfig, ...verbs]);
    const lines = ended.output.trimEnd().split('\n');
    if (ended.code !== 0)
      throw failureOf(verbs[lines.length - 1] ?? verbs[0], patroniConfig, ended, lines.at(-1) ?? '');
    return lines.map(parseObject);
  };
  const call = async (verb: Verb): Promise<Record<string, unknown>> => (await callAll([verb]))[0] ?? {};
  const did = async (verb: Verb, key: string): Promise<boolean> => (await call(verb))[key] === true;
  return {
    show: async () => parseDcsKeys(await call('show')),
    lockHolder: async () => textOr((await call('lock-holder'))['leader']),
    configuration: () => call('configuration'),
    pause: () => did('pause', 'changed'),
    resume: () => did('resume', 'changed'),
    clearStatus: async () => (await callAll(['clear-status', 'clear-sync'])).some(({ cleared }) => cleared === true),
    cancelInitialize: () => did('cancel-initialize', 'removed'),
  };
}
