/**
 * YAML that people write into variables, read as Spilo reads it (YAML 1.1, where `on` is true), and Patroni's file.
 *
 * @module
 */

import {
  parse,
  stringify,
  type CollectionTag,
  type DocumentOptions,
  type ParseOptions,
  type ScalarTag,
  type SchemaOptions,
  type ToJSOptions,
} from 'yaml';

import { messageOf } from '../base/failure.ts';
import type { ConfigMap, ConfigValue } from './container-plan.ts';
import { Secret } from './secret.ts';

type Tag = CollectionTag | ScalarTag;

/** True for a mapping. */
export function isMapping(value: ConfigValue | undefined): value is ConfigMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

/** PyYAML takes these words for booleans, and not `y` and `n`, which YAML 1.1 has beside them. Source: its `resolver.py`. */
const TRUE_WORDS = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE_WORDS = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;

function asPython(tag: Tag): Tag {
  if (!tag.tag.endsWith(':bool') || !('test' in tag) || tag.test === undefined) return tag;
  return { ...tag, test: tag.test.test('true') ? TRUE_WORDS : FALSE_WORDS };
}

/** Dates stay the text that they are: nothing in Patroni's configuration is a date. */
const READING: ParseOptions & DocumentOptions & SchemaOptions & ToJSOptions = {
  version: '1.1',
  merge: true,
  uniqueKeys: true,
  maxAliasCount: 100,
  customTags: (tags) =>
    tags
      .filter((tag) => typeof tag === 'string' || !/:(timestamp|binary)$/.test(tag.tag))
      .map((tag) => (typeof tag === 'string' ? tag : asPython(tag))),
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

/** A value with its secrets as text. */
function plain(value: ConfigValue): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map((one: ConfigValue) => plain(one));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/**
 * A configuration as the file that Patroni reads. It holds secrets. Every text is quoted: the reader is another one
 * (PyYAML), with ideas of its own of what a bare word is.
 */
export function yamlForFile(configuration: ConfigMap): Secret {
  const quoted = { version: '1.1', lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' } as const;
  return new Secret(stringify(plain(configuration), quoted));
}
