/**
 * An archive of the container: its address, and the directory of variables by which walkback reaches it.
 *
 * @module
 */

import { Failure, messageOf } from '../base/failure.ts';
import { archiveAddress } from '../config/archive-address.ts';
import { variablesOf } from '../config/environment.ts';
import { Settings } from '../config/load-settings.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../config/settings.ts';
import { unusedAzureVariables } from './archive-azure.ts';
import { s3Variables } from './archive-s3.ts';
import { findStore, type ArchivePath, type ArchivePrefix, type FoundStore } from './archive-store.ts';
import { copiedSettings, isFileSetting } from './archive-variables.ts';
import type { PlannedArchive } from './container-plan.ts';
import { missingFile, type Reading } from './reading.ts';
import { revealed, revealedAll, Secret } from './secret.ts';
import { readWalgSwitches } from './walg-switches.ts';

/** What an archive is formed with. */
export interface FormOptions {
  readonly path: ArchivePath;
  /** Of the directory of its variables. */
  readonly environmentPath: string;
  /** Beside those of the archive. */
  readonly variables: Readonly<Record<string, string | Secret>>;
  /** Files that are named must be there. Not of a clone that was done long ago. */
  readonly checksFiles: boolean;
}

type Variables = Record<string, string | Secret>;

const KEYS: readonly SettingName[] = ['libsodiumKey', 'libsodiumKeyFile', 'pgpKey', 'pgpKeyFile', 'gpgKeyId'];

/** Settings as they are, under the names that they have without the prefix. */
function copied(reading: Reading, prefix: ArchivePrefix, { store }: FoundStore, checksFiles: boolean): Variables {
  const variables: Variables = {};
  for (const name of copiedSettings(store)) {
    for (const variable of variablesOf(name)) {
      const text = reading.environment[prefix + variable];
      if (text === '' && KEYS.includes(name)) refuseEmptyKey(reading, prefix + variable);
      if (text === undefined || text === '') continue;
      if (checksFiles && isFileSetting(name) && !reading.facts.canRead(text))
        reading.refuse({ of: prefix + variable, ...missingFile(text) });
      variables[variable] = settingOf(name).secret === true ? new Secret(text) : text;
    }
  }
  return variables;
}

function refuseEmptyKey(reading: Reading, name: string): void {
  reading.refuse({
    of: name,
    found: 'it is empty: backups and WAL would be written in plain',
    remedy: 'Give it the key, or take the variable out if nothing is to be encrypted.',
  });
}

/** Backups and WAL are compressed alike here; Spilo can be told of two ways. */
function compression(reading: Reading, prefix: ArchivePrefix): Variables {
  const [general, ofBackups] = ['WALG_COMPRESSION_METHOD', 'WALG_BACKUP_COMPRESSION_METHOD'].map((name) =>
    reading.get(prefix + name),
  );
  if (general !== undefined && ofBackups !== undefined && general !== ofBackups)
    reading.refuse({
      of: `${prefix}WALG_BACKUP_COMPRESSION_METHOD`,
      found: `it is ${ofBackups}, ${prefix}WALG_COMPRESSION_METHOD is ${general}, and backups and WAL are compressed alike`,
      remedy: 'Keep one of them. What is in the archive already can be read either way.',
    });
  const method = ofBackups ?? general ?? reading.get(`${prefix}WALKBACK_COMPRESSION`);
  if (method === 'lzma' && prefix === '')
    reading.refuse({
      of: 'WALG_COMPRESSION_METHOD',
      found: 'it is lzma, which is read and not written',
      remedy: 'Set it to zstd; what is in the archive already stays readable.',
    });
  return method === undefined ? {} : { WALG_COMPRESSION_METHOD: method };
}

function ofStore(reading: Reading, prefix: ArchivePrefix, found: FoundStore): Variables {
  if (found.store === 'S3') return s3Variables(reading, prefix, found);
  const wale = found.waleAddress === undefined ? {} : { [`WALE_${found.store}_PREFIX`]: found.waleAddress };
  return { ...wale, [`WALG_${found.store}_PREFIX`]: found.address };
}

/** The settings as the agent and every command will read them: each must be what it should be. */
function checkSettings(reading: Reading, prefix: ArchivePrefix, variables: Variables): void {
  const settings = new Settings(new Map(), revealedAll(variables), undefined);
  for (const name of SETTING_NAMES) {
    const found = settings.find(name);
    if (found === undefined || found.source.kind === 'default' || settingOf(name).group === 'agent') continue;
    const { kind, secret, example } = settingOf(name);
    if (kind.parse(found.text) !== undefined) continue;
    reading.refuse({
      of: prefix + found.source.where,
      found: `${secret === true ? 'its value' : JSON.stringify(found.text)} is not ${kind.expects}`,
      remedy: secret === true ? 'Correct it.' : `Correct it; an example: ${example}.`,
    });
  }
  try {
    archiveAddress(settings);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const where = prefix === '' ? 'the archive' : `the archive of the variables ${prefix}…`;
    reading.refuse({ of: where, found: messageOf(error), remedy: error.remedy });
  }
}

/**
 * ENABLE_WAL_PATH_COMPAT: old images wrote into a generated address without the major, and WAL that is still there is read
 * from it. Source: Spilo `restore_command.sh`.
 */
function olderPath(reading: Reading, { store, address }: FoundStore, variables: Variables): Variables {
  if (reading.boolean('ENABLE_WAL_PATH_COMPAT') !== true) return {};
  const [, older] = /^(.*\/spilo\/.*\/wal)\/[\d.]+\/?$/.exec(address) ?? [];
  if (older === undefined) {
    reading.refuse({
      of: 'ENABLE_WAL_PATH_COMPAT',
      found: `the archive's address ${address} does not end in /wal/ and a major, so there is no older one`,
      remedy: 'Take it out.',
    });
    return {};
  }
  if (variables['WALG_FAILOVER_STORAGES'] !== undefined)
    reading.refuse({
      of: 'ENABLE_WAL_PATH_COMPAT',
      found: 'WALG_FAILOVER_STORAGES is set, and would be replaced',
      remedy: `Add {"WALG_${store}_PREFIX": "${older}", …} to it, and take ENABLE_WAL_PATH_COMPAT out.`,
    });
  const same = Object.entries(variables).filter(([name]) => !/^(WALKBACK|PG|WAL[GE]_\w+_PREFIX)/.test(name));
  const own = {
    ...Object.fromEntries(same.map(([name, value]) => [name, revealed(value)])),
    [`WALG_${store}_PREFIX`]: older,
  };
  return { WALG_FAILOVER_STORAGES: new Secret(JSON.stringify({ older: own })) };
}

/** Forms an archive; `undefined` if no variable names one. */
export function formArchive(reading: Reading, prefix: ArchivePrefix, options: FormOptions): PlannedArchive | undefined {
  const isWalg = readWalgSwitches(reading, prefix);
  const found = findStore(reading, prefix, options.path, isWalg);
  if (found === undefined) return undefined;
  const unused = found.store === 'AZ' ? unusedAzureVariables(reading, prefix) : [];
  const all: Variables = {
    ...options.variables,
    ...copied(reading, prefix, found, options.checksFiles),
    ...compression(reading, prefix),
    ...ofStore(reading, prefix, found),
  };
  const kept = Object.fromEntries(Object.entries(all).filter(([name]) => !unused.includes(name)));
  const variables = { ...kept, ...(prefix === '' ? olderPath(reading, found, kept) : {}) };
  checkSettings(reading, prefix, variables);
  if (!isWalg && prefix === '') {
    reading.warn(
      "USE_WALG is not true: Spilo would have written this archive with WAL-E. walkback writes it in WAL-G's format, and cannot restore what WAL-E wrote",
    );
  }
  return { address: found.address, environment: { path: options.environmentPath, variables } };
}
