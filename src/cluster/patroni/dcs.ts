/**
 * One Patroni cluster's keys in its DCS, by `dcs.py`, which is run with Patroni's own Python and so works with every kind
 * of DCS that this Patroni works with.
 *
 * @module
 */

import { Failure, type FailureKind } from '../../base/failure.ts';
import type { ReadOnlyDefault } from '../cluster.ts';
import { parseDcsKeys, textOr, type DcsKeys } from './dcs-keys.ts';
import { DcsSession, type DcsAnswer } from './dcs-session.ts';
import { findPatroniPython } from './patroni-process.ts';

/** Which cluster. */
export interface DcsOptions {
  /** Patroni's YAML file on this host. What it says, `PATRONI_…` variables of this process override, as for Patroni. */
  readonly patroniConfig: string;
  /** The interpreter with Patroni's library; that of Patroni on this host unless told. */
  readonly python?: readonly string[] | undefined;
}

/** Reads and changes keys of one scope. Each throws {@link Failure} `unavailable` while the DCS does not answer. */
export interface PatroniDcs {
  show(): Promise<DcsKeys>;
  lockHolder(): Promise<string | undefined>;
  /** What Patroni's file and environment say of this member, as an object that holds passwords. */
  configuration(): Promise<Record<string, unknown>>;
  /** Sets `pause` in the dynamic configuration; false if it was set. */
  pause(): Promise<boolean>;
  /** Removes it; false if it was not set. */
  resume(): Promise<boolean>;
  /** Sets the parameter `default_transaction_read_only` in the dynamic configuration; false if it was so. */
  setReadOnlyDefault(value: ReadOnlyDefault): Promise<boolean>;
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
  | `read-only-${ReadOnlyDefault}`
  | 'clear-status'
  | 'clear-sync'
  | 'cancel-initialize';

const KIND_OF: Readonly<Record<number, FailureKind>> = { 64: 'usage', 69: 'unavailable', 77: 'refused', 78: 'usage' };

const REMEDY_OF: Readonly<Partial<Record<FailureKind, string>>> = {
  unavailable:
    'See that the DCS (etcd, Consul, ZooKeeper, Kubernetes) is up and reached from here, then run this again.',
  refused: 'Look at the cluster ("patronictl list"), then run this again.',
  usage: 'Correct patroni-config, or patroni-python: the file and the Python must be those that Patroni runs with.',
};

function failureOf(verb: Verb, configFile: string, { code, answers, said }: DcsAnswer): Failure {
  const kind = KIND_OF[code ?? 69] ?? 'failed';
  const found = textOr(answers.at(-1)?.['error']) ?? 'it has not answered';
  return new Failure(kind, {
    message: `cannot ${WORDS[verb]} of the cluster of ${configFile}: ${found}`,
    remedy: REMEDY_OF[kind] ?? 'Run "patronictl list" on this host and see what it says.',
    facts: said,
  });
}

const WORDS: Record<Verb, string> = {
  show: 'read the keys',
  'lock-holder': 'read the leader',
  configuration: 'read the configuration',
  pause: 'pause the Patroni',
  resume: 'resume the Patroni',
  'read-only-on': 'hold writes through the dynamic configuration',
  'read-only-off': 'let writes go through the dynamic configuration',
  'read-only-unset': 'let writes go through the dynamic configuration',
  'clear-status': 'clear the status key',
  'clear-sync': 'clear the sync key',
  'cancel-initialize': 'remove the initialize key',
};

/** The cluster that a Patroni configuration names. Nothing is run before the first call. */
export function openDcs({ patroniConfig, python }: DcsOptions): PatroniDcs {
  const session = new DcsSession(patroniConfig, async () => python ?? (await findPatroniPython(patroniConfig)));
  const callAll = async (verbs: readonly [Verb, ...Verb[]]): Promise<readonly Record<string, unknown>[]> => {
    const answer = await session.ask(verbs);
    if (answer.code === 0) return answer.answers;
    throw failureOf(verbs[answer.answers.length - 1] ?? verbs[0], patroniConfig, answer);
  };
  const call = async (verb: Verb): Promise<Record<string, unknown>> => (await callAll([verb]))[0] ?? {};
  const did = async (verb: Verb, key: string): Promise<boolean> => (await call(verb))[key] === true;
  return {
    show: async () => parseDcsKeys(await call('show')),
    lockHolder: async () => textOr((await call('lock-holder'))['leader']),
    configuration: () => call('configuration'),
    pause: () => did('pause', 'changed'),
    resume: () => did('resume', 'changed'),
    setReadOnlyDefault: (value) => did(`read-only-${value}`, 'changed'),
    clearStatus: async () => (await callAll(['clear-status', 'clear-sync'])).some(({ cleared }) => cleared === true),
    cancelInitialize: () => did('cancel-initialize', 'removed'),
  };
}
