/**
 * The sets of the table: environments, each with the configuration or the refusals that are expected of it.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import type { ContainerFacts } from '../../../src/container/container-facts.ts';

/** Plain data of YAML. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainMap;

/** A mapping of it. */
export interface PlainMap {
  readonly [key: string]: Plain;
}

/** What is expected when nothing is refused. */
export interface ExpectedPlan {
  readonly configuration: Plain;
  /** Directories of variables by path; all of them. */
  readonly directories: PlainMap;
  /** Files by path; all of them. */
  readonly files: PlainMap;
  readonly warnings: readonly string[];
  readonly clone: Plain | undefined;
  /** What is proven before anything is started; not compared where a set says nothing of it. */
  readonly preconditions: Plain | undefined;
}

/** A message, and what its remedy must name. */
export interface ExpectedRefusal {
  readonly message: string;
  readonly remedy: string;
}

/** One set. */
export interface EnvironmentSet {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly facts: ContainerFacts;
  readonly expected:
    | ({ readonly kind: 'plan' } & ExpectedPlan)
    | { readonly kind: 'refused'; readonly refusals: readonly ExpectedRefusal[] };
}

const FOLDER = join(import.meta.dirname, 'sets');
const MIB = 1024 ** 2;

function isMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapAt(value: PlainMap, key: string): PlainMap {
  const found = value[key];
  return isMap(found) ? found : {};
}

function textAt(value: PlainMap, key: string): string {
  const found = value[key];
  if (typeof found !== 'string') throw new TypeError(`${key} is missing in ${JSON.stringify(value).slice(0, 200)}`);
  return found;
}

/** A patch over plain data: mappings are merged, null takes away, anything else replaces. */
function patched(base: Plain | undefined, patch: Plain): Plain {
  if (!isMap(patch)) return patch;
  const merged: Record<string, Plain> = isMap(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = patched(merged[key], value);
  }
  return merged;
}

function texts(value: PlainMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (typeof one !== 'string') throw new TypeError(`${key} is not text`);
      return [key, one];
    }),
  );
}

function factsOf(given: PlainMap): ContainerFacts {
  const missing = Array.isArray(given['missing']) ? given['missing'] : [];
  const version = given['dataVersion'];
  return {
    installed: [17, 15].map((major) => ({ major, binDirectory: `/usr/lib/postgresql/${major}/bin` })),
    dataVersion: typeof version === 'string' ? version : undefined,
    canRead: (path) => !missing.includes(path),
    locales: ['C', 'C.utf8', 'POSIX', 'de_DE.utf8', 'en_US.utf8'],
    hostname: 'cas-shop-patroni-0',
    hostAddress: '10.1.2.3',
    cpuCount: 4,
    memoryBytes: 4096 * MIB,
    nowMs: Date.UTC(2026, 5, 5, 12),
  };
}

/** `[{ of: found }, remedy]`, so that the table reads as the message does: `of: found`. */
function refusalOf(value: Plain): ExpectedRefusal {
  const [said, remedy] = Array.isArray(value) ? value : [];
  const [[of, found] = []] = isMap(said) ? Object.entries(said) : [];
  if (of === undefined || typeof found !== 'string' || typeof remedy !== 'string')
    throw new TypeError(`no refusal: ${JSON.stringify(value)}`);
  return { message: `${of}: ${found}`, remedy };
}

function setOf(given: PlainMap, bases: PlainMap, file: string): EnvironmentSet {
  const base = mapAt(bases, textAt(given, 'base'));
  if (Object.keys(base).length === 0) throw new TypeError(`${file}: ${textAt(given, 'name')} has no base`);
  const environment = texts(mapAt({ all: patched(mapAt(base, 'environment'), mapAt(given, 'environment')) }, 'all'));
  const refused = given['refused'];
  const warnings = given['warnings'] ?? base['warnings'] ?? [];
  const variables = patched(mapAt(base, 'variables'), mapAt(given, 'variables'));
  const envPath = environment['WALE_ENV_DIR'] ?? '/run/etc/wal-e.d/env';
  const expected: EnvironmentSet['expected'] = Array.isArray(refused)
    ? { kind: 'refused', refusals: refused.map(refusalOf) }
    : {
        kind: 'plan',
        configuration: patched(patched({}, mapAt(base, 'configuration')), mapAt(given, 'configuration')),
        directories: { [envPath]: variables, ...mapAt(given, 'directories') },
        files: mapAt(given, 'files'),
        warnings: Array.isArray(warnings) ? warnings.filter((one) => typeof one === 'string') : [],
        clone: given['clone'],
        preconditions: given['preconditions'],
      };
  return { name: textAt(given, 'name'), environment, facts: factsOf(mapAt(given, 'facts')), expected };
}

function yamlIn(path: string): unknown {
  return parse(readFileSync(path, 'utf8'), { merge: true });
}

/** Every set, in the order of the files. */
export function readSets(): readonly EnvironmentSet[] {
  const bases = yamlIn(join(import.meta.dirname, 'bases.yaml'));
  if (!isMap(bases)) throw new TypeError('bases.yaml holds no mapping');
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .flatMap((file) => {
      const sets = yamlIn(join(FOLDER, file));
      return Array.isArray(sets) ? sets.filter(isMap).map((one) => setOf(one, bases, file)) : [];
    });
}
