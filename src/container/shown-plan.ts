/**
 * A plan as it may be shown: plain data, with every secret masked, also where one stands within another text.
 *
 * @module
 */

import { formatTimeUs } from '../postgres/timestamp.ts';
import type { ContainerPlan, EnvDirectory, PlannedClone } from './container-plan.ts';
import { MASK, maskLogins, Secret } from './secret.ts';

/** Plain data: text, numbers, lists, mappings. */
export type Shown = string | number | boolean | null | readonly Shown[] | { readonly [key: string]: Shown };

/** Shorter ones are words that stand elsewhere in their own right. */
const LEAST_LENGTH = 8;

function secretsIn(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : [];
}

function shown(value: unknown, secrets: readonly string[]): Shown {
  if (value instanceof Secret) return MASK;
  if (typeof value === 'string')
    return maskLogins(secrets.reduce((text, secret) => text.replaceAll(secret, MASK), value));
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return formatTimeUs(value);
  if (Array.isArray(value)) return value.map((one) => shown(one, secrets));
  if (typeof value !== 'object') return null;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key, shown(one, secrets)]));
}

function directoriesOf({ environment, clone, standby }: ContainerPlan): readonly EnvDirectory[] {
  return [
    environment,
    ...cloneDirectories(clone),
    ...(standby?.archive === undefined ? [] : [standby.archive.environment]),
  ];
}

function cloneDirectories(clone: PlannedClone | undefined): readonly EnvDirectory[] {
  if (clone === undefined) return [];
  return [clone.kind === 'archive' ? clone.archive.environment : clone.environment];
}

function cloneWithoutVariables(clone: PlannedClone | undefined): unknown {
  if (clone?.kind !== 'archive') return clone && { kind: clone.kind, scope: clone.scope };
  const { timeUs, isInclusive, timeline } = clone.target;
  return {
    kind: clone.kind,
    scope: clone.scope,
    addresses: clone.addresses,
    target: { time: timeUs ?? 'the end of the archive', inclusive: isInclusive, timeline },
  };
}

/** The plan, for a screen or for JSON. */
export function shownPlan(plan: ContainerPlan): Shown {
  const secrets = [...new Set(secretsIn(plan))].filter((secret) => secret.length >= LEAST_LENGTH);
  const { archive, standby, patroni, environment: _own, clone, ...rest } = plan;
  const { environment, ...ofPatroni } = patroni;
  const value = {
    ...rest,
    archive: archive?.address,
    clone: cloneWithoutVariables(clone),
    standby: standby && { ...standby, archive: standby.archive?.address },
    directories: directoriesOf(plan),
    // Node and Python find what they need in it; nobody reads it here.
    patroni: { ...ofPatroni, environment: Object.keys(environment).toSorted() },
  };
  return shown(value, secrets);
}
