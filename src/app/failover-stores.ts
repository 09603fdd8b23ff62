/**
 * WAL-G's failover storages: other stores, each with settings of its own, that hold what was written while the archive's own
 * store was away. They are read, never written.
 *
 * The setting is what WAL-G has in its file: a name for each, with its settings. Nothing is taken over from the archive's own
 * settings but what is no setting of a store.
 *
 * Source: WAL-G `internal/multistorage/configuration.go` (`WALG_FAILOVER_STORAGES`).
 *
 * @module
 */

import { AGENTS_FOLDER } from '../agent/lease-term.ts';
import { RUNNING_FOLDER } from '../backup/own-objects.ts';
import { CLOCK_KEY } from '../backup/store-clock.ts';
import { Failure } from '../base/failure.ts';
import type { Environment } from '../config/environment.ts';
import { Settings } from '../config/load-settings.ts';
import type { StoreDeadlines } from '../storage/deadlines.ts';
import { openFailoverStore } from '../storage/failover-store.ts';
import { mayBeAway, type OnAway } from '../storage/may-be-away.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { sentinelKeyFor } from '../walg/backup-names.ts';
import { storeLocation } from './store-location.ts';

/** Variables that say where an archive is and how it is reached. */
const OF_A_STORE = /^(?:WALKBACK_|WAL[GE]_|AWS_|S3_|GCS_|GOOGLE_|AZURE_|SSH_|STORAGE_EMULATOR_HOST$)/;

/** An environment without any store's settings. */
export function withoutStoreSettings(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_A_STORE.test(name)));
}

function broken(where: string): Failure {
  // What it holds is secret: nothing of it is shown.
  return new Failure('usage', {
    message: `cannot use ${where}: it is not a JSON object of names, each with the settings of a store`,
    remedy: `Write it as {"other": {"WALG_FILE_PREFIX": "/srv/other"}}, or unset it.`,
  });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseStorages(text: string, where: string): Map<string, Environment> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken(where);
  }
  if (!isMapping(value)) throw broken(where);
  return new Map(
    Object.entries(value).map(([name, own]) => {
      if (!isMapping(own)) throw broken(where);
      return [name, Object.fromEntries(Object.entries(own).map(([key, one]) => [key.toUpperCase(), String(one)]))];
    }),
  );
}

function storagesOf(settings: Settings): ReadonlyMap<string, Environment> {
  const found = settings.find('failoverStorages');
  const storages = found === undefined ? [] : [...parseStorages(found.text, found.source.where)];
  // In WAL-G's order.
  return new Map(storages.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

async function openOne(settings: Settings, own: Environment, deadlines: StoreDeadlines): Promise<ObjectStore> {
  const rest = withoutStoreSettings(settings.environment);
  return openStore(storeLocation(new Settings(new Map(), { ...rest, ...own }, undefined)), deadlines);
}

/** Opens them, in the order of their names. @throws {Failure} `usage`. */
export async function openFailoverStores(settings: Settings, deadlines: StoreDeadlines): Promise<ObjectStore[]> {
  const stores: ObjectStore[] = [];
  for (const own of storagesOf(settings).values()) stores.push(await openOne(settings, own, deadlines));
  return stores;
}

/** Opens one of them alone. @throws {Failure} `usage` if there is none of this name. */
export async function openFailoverStoreNamed(
  settings: Settings,
  name: string,
  deadlines: StoreDeadlines,
): Promise<ObjectStore> {
  const storages = storagesOf(settings);
  const own = storages.get(name);
  if (own !== undefined) return openOne(settings, own, deadlines);
  throw new Failure('usage', {
    message: `cannot use the storage ${JSON.stringify(name)}: there is none of this name`,
    remedy: `Name one of ${['default', ...storages.keys()].join(', ')}.`,
  });
}

/** What is of the archive's own store alone, since it is written there and nowhere else, and asked for again and again. */
function isOfOwnStore(key: string): boolean {
  return [AGENTS_FOLDER, RUNNING_FOLDER, CLOCK_KEY].some((own) => key.startsWith(own));
}

/** One archive of its own store and failover storages; and the same for who writes to it, who goes on without those. */
export function joinFailoverStores(
  own: ObjectStore,
  others: readonly ObjectStore[],
  onAway: OnAway,
): { readonly all: ObjectStore; readonly forWriting: ObjectStore } {
  const rules = { decidedBy: sentinelKeyFor, isOfFirst: isOfOwnStore };
  const waived = others.map((store) => mayBeAway(store, onAway));
  return { all: openFailoverStore(own, others, rules), forWriting: openFailoverStore(own, waived, rules) };
}
