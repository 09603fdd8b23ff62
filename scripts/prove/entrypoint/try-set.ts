/**
 * Tries one set: plans the container, and tells every difference from what is expected.
 *
 * @module
 */

import { inspect, isDeepStrictEqual } from 'node:util';

import type { ContainerPlan, EnvDirectory } from '../../../src/container/container-plan.ts';
import { planContainer } from '../../../src/container/plan-container.ts';
import { revealed, Secret } from '../../../src/container/secret.ts';
import { shownPlan } from '../../../src/container/shown-plan.ts';
import { formatTimeUs } from '../../../src/postgres/timestamp.ts';
import type { EnvironmentSet, ExpectedPlan, ExpectedRefusal } from './read-sets.ts';

/** A value with its secrets as text. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** The places at which two values differ. */
function differences(found: unknown, expected: unknown, place: string): string[] {
  if (isDeepStrictEqual(found, expected)) return [];
  const isTree = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTree(found) || !isTree(expected)) return [`${place}: ${inspect(found)}, expected ${inspect(expected)}`];
  const own = new Map<string, unknown>(Object.entries(found));
  const wanted = new Map<string, unknown>(Object.entries(expected));
  const keys = [...new Set([...own.keys(), ...wanted.keys()])];
  return keys.flatMap((key) => differences(own.get(key), wanted.get(key), place === '' ? key : `${place}.${key}`));
}

function directoriesOf({ environment, archive, clone, standby }: ContainerPlan): Record<string, unknown> {
  const all = [
    environment,
    archive?.environment,
    clone?.kind === 'archive' ? clone.archive.environment : clone?.environment,
    standby?.archive?.environment,
  ].filter((one): one is EnvDirectory => one !== undefined);
  return Object.fromEntries(all.map(({ path, variables }) => [path, plain(variables)]));
}

/** The clone as a set has it: scope, addresses, time, inclusive. */
function cloneOf({ clone }: ContainerPlan): unknown {
  if (clone?.kind !== 'archive') return undefined;
  const { timeUs, isInclusive } = clone.target;
  const time = timeUs === undefined ? 'the end of the archive' : formatTimeUs(timeUs);
  return { scope: clone.scope, addresses: clone.addresses, time, inclusive: isInclusive };
}

interface Planning extends Pick<EnvironmentSet, 'environment'> {
  readonly expected: ExpectedPlan;
}

function ofPlan(plan: ContainerPlan, { environment, expected }: Planning): string[] {
  const files = Object.fromEntries(plan.files.map(({ path, content }) => [path, revealed(content)]));
  return [
    ...differences(plain(plan.patroni.configuration), expected.configuration, ''),
    ...differences(directoriesOf(plan), expected.directories, 'directories'),
    ...differences(files, expected.files, 'files'),
    ...differences(plan.warnings.toSorted(), expected.warnings.toSorted(), 'warnings'),
    ...(expected.clone === undefined ? [] : differences(cloneOf(plan), expected.clone, 'clone')),
    ...(expected.preconditions === undefined
      ? []
      : differences(
          plan.preconditions.map(({ says }) => says),
          expected.preconditions,
          'preconditions',
        )),
    ...leaks(plan, environment),
  ];
}

/** `word` of `//user:word@` and of `shop:word` in a mapping, wherever a variable has it. */
function loginsIn(environment: EnvironmentSet['environment']): readonly string[] {
  const text = Object.values(environment).join(' ');
  return [...text.matchAll(/(?:\/\/[^\s/:@]*:|"shop:)([^\s"]+?)(?=["@])/g)].map(([, word = '']) => word);
}

/** Secrets of the environment that the shown plan holds. */
function leaks(plan: ContainerPlan, environment: EnvironmentSet['environment']): string[] {
  const shown = JSON.stringify(shownPlan(plan));
  const { superuser, replication, others } = plan.users;
  const passwords = [superuser, replication, ...others].flatMap(({ password }) =>
    password === undefined ? [] : [password.reveal()],
  );
  return [...passwords, ...loginsIn(environment)]
    .filter((one) => one.length >= 8 && shown.includes(one))
    .map((one) => `the shown plan holds ${one}`);
}

function ofRefusals(found: readonly ExpectedRefusal[], expected: readonly ExpectedRefusal[]): string[] {
  const missing = expected.filter(({ message }) => !found.some((one) => one.message === message));
  const extra = found.filter(({ message }) => !expected.some((one) => one.message === message));
  const remedies = expected.flatMap(({ message, remedy }) => {
    const one = found.find((refusal) => refusal.message === message);
    return one === undefined || one.remedy.includes(remedy) ? [] : [`${message}: its remedy is ${one.remedy}`];
  });
  return [
    ...missing.map(({ message }) => `not refused: ${message}`),
    ...extra.map(({ message }) => `refused: ${message}`),
    ...remedies,
  ];
}

/** What differs; nothing if all is as expected. */
export function trySet({ environment, facts, expected }: EnvironmentSet): string[] {
  const planned = planContainer(environment, facts);
  if (planned.kind === 'refused') {
    return ofRefusals(planned.refusals, expected.kind === 'refused' ? expected.refusals : []);
  }
  if (expected.kind === 'refused') return ofRefusals([], expected.refusals);
  return ofPlan(planned.plan, { environment, expected });
}
