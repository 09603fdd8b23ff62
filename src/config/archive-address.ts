/**
 * Which archive the settings name.
 *
 * `archive` decides, wherever it was given, unless WAL-G's variables are set and `archive` stands only in the file (the
 * environment goes before the file). WAL-G takes the first of its stores that has a prefix and says nothing of the others;
 * here two are an error that names both.
 *
 * Source: WAL-G `internal/storage_adapter.go` (order of stores; `WALG_STORAGE_PREFIX`), `pkg/storages/fs/folder.go`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { lookUp, type Environment } from './environment.ts';
import type { Settings } from './load-settings.ts';

/** An archive's place, without how to reach it. */
export type ArchiveAddress =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string };

/** WAL-G's stores in its order. Those of the second kind are known, and not read or written. */
const WALG_STORES = ['OSS', 'S3', 'FILE', 'GS', 'AZ', 'SWIFT', 'SSH'] as const;

interface FoundPrefix {
  readonly store: (typeof WALG_STORES)[number];
  readonly variable: string;
  readonly text: string;
}

/** The prefixes that are set: ours are settings, of the others only the names are known. */
function walgPrefixes(environment: Environment): readonly FoundPrefix[] {
  const known = { S3: lookUp('s3Prefix', environment), FILE: lookUp('filePrefix', environment) };
  return WALG_STORES.flatMap((store): readonly FoundPrefix[] => {
    if (store === 'S3' || store === 'FILE') return known[store] === undefined ? [] : [{ store, ...known[store] }];
    const variable = [`WALG_${store}_PREFIX`, `WALE_${store}_PREFIX`].find((name) => (environment[name] ?? '') !== '');
    return variable === undefined ? [] : [{ store, variable, text: environment[variable] ?? '' }];
  });
}

function refuse(found: string, remedy: string): Failure {
  return new Failure('usage', { message: `cannot tell where the archive is: ${found}`, remedy });
}

const trim = (text: string): string => text.replace(/^\/+|\/+$/g, '');

function s3Address(text: string, where: string): ArchiveAddress {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/\s]+)(?:\/(\S*))?$/.exec(text) ?? [];
  if (bucket !== undefined) return { kind: 's3', bucket, prefix: trim(prefix) };
  throw refuse(`${where} is ${JSON.stringify(text)}`, `Set ${where} to s3://bucket/prefix.`);
}

function fileAddress(text: string, where: string): ArchiveAddress {
  const path = text.replace(/^file:\/\/(localhost)?(?=\/)/, '').replace(/(?<=.)\/+$/, '');
  if (path.startsWith('/')) return { kind: 'file', path };
  throw refuse(`${where} is ${JSON.stringify(text)}`, `Set ${where} to an absolute path.`);
}

function below(address: ArchiveAddress, folder: string | undefined): ArchiveAddress {
  const name = trim(folder ?? '');
  if (name === '') return address;
  if (address.kind === 'file') return { kind: 'file', path: `${address.path}/${name}` };
  return { ...address, prefix: address.prefix === '' ? name : `${address.prefix}/${name}` };
}

function fromWalg(found: readonly FoundPrefix[], settings: Settings): ArchiveAddress | undefined {
  const [first, second] = found;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const both = `${first.variable} (${first.text}) and ${second.variable} (${second.text}) are both set`;
    throw refuse(both, 'Unset one of them, or set WALKBACK_ARCHIVE to the one that is meant.');
  }
  const folder = settings.get('storagePrefix');
  if (first.store === 'S3') return below(s3Address(first.text, first.variable), folder);
  if (first.store === 'FILE') return below(fileAddress(first.text, first.variable), folder);
  throw refuse(
    `${first.variable} names a kind of store that is not supported`,
    'Archives in S3 (s3://bucket/prefix) and in folders are; set WALKBACK_ARCHIVE to one.',
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
  if (text !== undefined && archive !== undefined) {
    return text.startsWith('s3://') ? s3Address(text, archive.source.where) : fileAddress(text, archive.source.where);
  }
  throw refuse('it is not set', 'Give --archive s3://bucket/prefix or --archive /a/folder, or set WALKBACK_ARCHIVE.');
}
