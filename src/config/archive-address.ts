/**
 * Which archive the settings name.
 *
 * `archive` decides, wherever it was given, unless WAL-G's variables are set and `archive` stands only in the file (the
 * environment goes before the file). WAL-G takes the first of its stores that has a prefix and says nothing of the others;
 * here two are an error that names both.
 *
 * Source: WAL-G `internal/storage_adapter.go` (order of stores; `WALG_STORAGE_PREFIX`), `pkg/storages/*`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { lookUp, type Environment } from './environment.ts';
import type { Settings } from './load-settings.ts';
import type { SettingName } from './settings.ts';

/** An archive's place, without how to reach it. */
export type ArchiveAddress =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'gcs'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'azure'; readonly container: string; readonly prefix: string }
  | SshAddress;

/** A folder on another host: `ssh://user@host:port/path`, of which user and port may be settings instead. */
export interface SshAddress {
  readonly kind: 'ssh';
  readonly host: string;
  readonly port?: number;
  readonly username?: string;
  /** Absolute on that host. */
  readonly path: string;
}

type Read = (text: string, where: string, settings: Settings) => ArchiveAddress;

interface WalgStore {
  readonly name: string;
  /** The setting with WAL-G's prefix, and how it is read; absent for stores that are known, and neither read nor written. */
  readonly supported?: { readonly setting: SettingName; readonly read: Read };
}

/** WAL-G's stores in its order. */
const WALG_STORES: readonly WalgStore[] = [
  { name: 'OSS' },
  { name: 'S3', supported: { setting: 's3Prefix', read: bucketAddress('s3', 's3') } },
  { name: 'FILE', supported: { setting: 'filePrefix', read: fileAddress } },
  { name: 'GS', supported: { setting: 'gcsPrefix', read: bucketAddress('gs', 'gcs') } },
  { name: 'AZ', supported: { setting: 'azurePrefix', read: azureAddress } },
  { name: 'SWIFT' },
  { name: 'SSH', supported: { setting: 'sshPrefix', read: sshAddress } },
];

interface FoundPrefix {
  readonly store: WalgStore;
  readonly variable: string;
  readonly text: string;
}

/** The prefixes that are set: ours are settings, of the others only the names are known. */
function walgPrefixes(environment: Environment): readonly FoundPrefix[] {
  return WALG_STORES.flatMap((store): readonly FoundPrefix[] => {
    if (store.supported !== undefined) {
      const found = lookUp(store.supported.setting, environment);
      return found === undefined ? [] : [{ store, ...found }];
    }
    const names = [`WALG_${store.name}_PREFIX`, `WALE_${store.name}_PREFIX`];
    const variable = names.find((name) => (environment[name] ?? '') !== '');
    return variable === undefined ? [] : [{ store, variable, text: environment[variable] ?? '' }];
  });
}

function refuse(found: string, remedy: string): Failure {
  return new Failure('usage', { message: `cannot tell where the archive is: ${found}`, remedy });
}

/** What stands before `@` may hold a password. */
function refuseText(text: string, where: string, wanted: string): Failure {
  const shown = JSON.stringify(text.replace(/\/\/[^/]*@/, '//…@'));
  return refuse(`${where} is ${shown}`, `Set ${where} to ${wanted}.`);
}

const trim = (text: string): string => text.replace(/^\/+|\/+$/g, '');

/** Bucket (or container) and prefix of an address with this scheme; `undefined` if it is none. */
function bucketAndPath(scheme: string, text: string): readonly [bucket: string, path: string] | undefined {
  const [, found, bucket, path = ''] = /^([a-z0-9]+):\/\/([^/\s]+)(?:\/(\S*))?$/.exec(text) ?? [];
  return found === scheme && bucket !== undefined ? [bucket, path] : undefined;
}

function bucketAddress(scheme: 's3' | 'gs', kind: 's3' | 'gcs'): Read {
  return (text, where, settings) => {
    const found = bucketAndPath(scheme, text);
    if (found === undefined) throw refuseText(text, where, `${scheme}://bucket/prefix`);
    const [bucket, path] = found;
    // WAL-E wrote keys with empty names in them (`//`), which WAL-G reads when it is told not to tidy up.
    const isKept = kind === 'gcs' && !settings.get('gcsNormalizePrefix');
    const prefix = isKept ? path.replace(/\/$/, '') : trim(path);
    return { kind, bucket, prefix: kind === 'gcs' && !isKept ? prefix.replace(/\/{2,}/g, '/') : prefix };
  };
}

function azureAddress(text: string, where: string): ArchiveAddress {
  const [container, path] = bucketAndPath('azure', text) ?? [];
  if (container === undefined || path === undefined) throw refuseText(text, where, 'azure://container/prefix');
  return { kind: 'azure', container, prefix: trim(path) };
}

const SSH = /^ssh:\/\/(?:([^@:/\s]+)@)?(\[[0-9A-Fa-f:.]+\]|[^@:/\s[\]]+)(?::(\d{1,5}))?(\/.*)$/;

function sshAddress(text: string, where: string): ArchiveAddress {
  const [, username, bracketed, digits, path] = SSH.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (bracketed === undefined || path === undefined || (port !== undefined && (port < 1 || port > 65_535)))
    throw refuseText(text, where, 'ssh://host/path, or ssh://user@host:port/path (a password is a setting of its own)');
  return {
    kind: 'ssh',
    host: bracketed.replace(/^\[|\]$/g, ''),
    path: path.replace(/(?<=.)\/+$/, ''),
    ...(port === undefined ? {} : { port }),
    ...(username === undefined ? {} : { username }),
  };
}

function fileAddress(text: string, where: string): ArchiveAddress {
  const path = text.replace(/^file:\/\/(localhost)?(?=\/)/, '').replace(/(?<=.)\/+$/, '');
  if (path.startsWith('/')) return { kind: 'file', path };
  throw refuseText(text, where, 'an absolute path');
}

const BY_SCHEME: readonly (readonly [scheme: string, read: Read])[] = [
  ['s3://', bucketAddress('s3', 's3')],
  ['gs://', bucketAddress('gs', 'gcs')],
  ['azure://', azureAddress],
  ['ssh://', sshAddress],
];

function anyAddress(text: string, where: string, settings: Settings): ArchiveAddress {
  const [, read] = BY_SCHEME.find(([scheme]) => text.startsWith(scheme)) ?? [];
  return (read ?? fileAddress)(text, where, settings);
}

function below(address: ArchiveAddress, folder: string | undefined): ArchiveAddress {
  const name = trim(folder ?? '');
  if (name === '') return address;
  if ('path' in address) return { ...address, path: `${address.path.replace(/\/$/, '')}/${name}` };
  return { ...address, prefix: address.prefix === '' ? name : `${address.prefix}/${name}` };
}

function fromWalg(found: readonly FoundPrefix[], settings: Settings): ArchiveAddress | undefined {
  const [first, second] = found;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const both = `${first.variable} (${first.text}) and ${second.variable} (${second.text}) are both set`;
    throw refuse(both, 'Unset one of them, or set WALKBACK_ARCHIVE to the one that is meant.');
  }
  const { supported } = first.store;
  if (supported !== undefined)
    return below(supported.read(first.text, first.variable, settings), settings.get('storagePrefix'));
  throw refuse(
    `${first.variable} names a kind of store that is not supported`,
    'Archives at s3://, gs://, azure:// and ssh:// and in folders are; set WALKBACK_ARCHIVE to one.',
  );
}

/** True if any setting names an archive, rightly or not. */
export function isArchiveNamed(settings: Settings): boolean {
  return settings.find('archive') !== undefined || walgPrefixes(settings.environment).length > 0;
}

/** The archive's address. @throws {Failure} `usage` if none is named, or more than one. */
export function archiveAddress(settings: Settings): ArchiveAddress {
  const archive = settings.find('archive');
  if (archive?.source.kind !== 'flag' && archive?.source.kind !== 'environment') {
    const address = fromWalg(walgPrefixes(settings.environment), settings);
    if (address !== undefined) return address;
  }
  const text = settings.get('archive');
  if (text !== undefined && archive !== undefined) return anyAddress(text, archive.source.where, settings);
  throw refuse('it is not set', 'Give --archive s3://bucket/prefix or --archive /a/folder, or set WALKBACK_ARCHIVE.');
}
