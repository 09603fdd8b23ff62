/**
 * YAML that people write into variables, read as Spilo reads it (YAML 1.1, where `on` is true), and Patroni's file.
 *
 * @module
 */

import { parse, stringify, type DocumentOptions, type ParseOptions, type SchemaOptions, type ToJSOptions } from 'yaml';

import { messageOf } from '../base/failure.ts';
import type { ConfigMap, ConfigValue } from './container-plan.ts';
import { MASK, Secret } from './secret.ts';

/** True for a mapping. */
export function isMapping(value: ConfigValue | undefined): value is ConfigMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

/** Dates stay the text that they are: nothing in Patroni's configuration is a date. */
const READING: ParseOptions & DocumentOptions & SchemaOptions & ToJSOptions = {
  version: '1.1',
  merge: true,
  uniqueKeys: true,
  maxAliasCount: 100,
  customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !/:(timestamp|binary)$/.test(tag.tag)),
};

function asConfig(value: unknown): ConfigValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return undefined;
  if (Array.isArray(value)) {
    const items = value.map(asConfig);
    return items.every((item): item is ConfigValue => item !== undefined) ? items : undefined;
  }
  const entries = Object.entries(value).map(([key, one]): [string, ConfigValue | undefined] => [key, asConfig(one)]);
  return entries.every((entry): entry is [string, ConfigValue] => entry[1] !== undefined)
    ? Object.fromEntries(entries)
    : undefined;
}

/** A text of YAML as a value, or what is wrong with it. */
export function parseUserYaml(text: string): { readonly value: ConfigValue } | { readonly problem: string } {
  try {
    const value = asConfig(parse(text, READING));
    return value === undefined ? { problem: 'it holds more than mappings, lists and plain values' } : { value };
  } catch (error) {
    return { problem: messageOf(error).split('\n', 1)[0] ?? '' };
  }
}

function plain(value: ConfigValue, show: (secret: Secret) => string): unknown {
  if (value instanceof Secret) return show(value);
  if (Array.isArray(value)) return value.map((one: ConfigValue) => plain(one, show));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, show)]));
}

const WRITING = { version: '1.1', lineWidth: 0 } as const;

/**
 * A configuration as the file that Patroni reads. It holds secrets. Every text is quoted: the reader is another one
 * (PyYAML), with ideas of its own of what a bare word is.
 */
export function yamlForFile(configuration: ConfigMap): Secret {
  const quoted = { ...WRITING, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' } as const;
  return new Secret(
    stringify(
      plain(configuration, (secret) => secret.reveal()),
      quoted,
    ),
  );
}

/** A configuration for a screen: secrets are masked. */
export function yamlForScreen(configuration: ConfigMap): string {
  return stringify(
    plain(configuration, () => MASK),
    WRITING,
  );
}
