/**
 * Refuses what the container does not know: a name that looks like one of Spilo's and is none, and variables that are
 * known and not supported.
 *
 * @module
 */

import { nearestName } from '../base/nearest-name.ts';
import { environmentName } from '../config/setting.ts';
import { OTHER_VARIABLES } from '../config/environment.ts';
import { SETTING_NAMES } from '../config/settings.ts';
import { ARCHIVE_SETTING_VARIABLES } from './archive-variables.ts';
import { isServiceLink } from './dcs-parameters.ts';
import { nearCloneName } from './near-clone-name.ts';
import type { Reading } from './reading.ts';
import { CONTAINER_VARIABLES } from './variables.ts';

/** Names that begin so are Spilo's or WAL-G's: another one is a slip, and what it was meant to do would not happen. */
const FAMILIES =
  /^(CLONE_|STANDBY_|WALG_|WALE_|WAL_|BACKUP_|USE_WAL|SPILO_|PATRONI_|PGUSER_|PGPASSWORD_|SSL_|SWIFT_|LOG_S3_|LOG_SHIP_|LOG_BUCKET_|DCS_|KUBERNETES_|ETCD_|ETCD3_|CONSUL_|ZOOKEEPER_|EXHIBITOR_|WALKBACK_)/;

/** Set by other programs than Spilo, and about something else: OpenSSL's and Python's own names. */
const ELSEWHERE = new Set(['SSL_CERT_FILE', 'SSL_CERT_DIR', 'CONSUL_HTTP_ADDR']);

/** What the plan decides itself; two answers would be one too many. */
const DECIDED: ReadonlyMap<string, string> = new Map([
  ['WALKBACK_ARCHIVE', 'the variables of an archive, such as WALG_S3_PREFIX'],
  ['WALKBACK_DATA_DIRECTORY', 'PGDATA'],
  ['WALKBACK_SPOOL_DIRECTORY', 'PGDATA, beside which the spool is'],
  ['WALKBACK_CLUSTER_NAME', 'SCOPE'],
  ['WALKBACK_PG_PORT', 'PGPORT'],
  ['WALKBACK_PG_USER', 'PGUSER_SUPERUSER'],
  ['WALKBACK_PG_HOST', 'RW_DIR, in which the socket is'],
  ['WALKBACK_BIN_DIRECTORY', 'PGVERSION'],
  ['WALKBACK_CLUSTER_KIND', 'the container itself: it runs Patroni'],
  ['WALKBACK_PATRONI_CONFIG', 'RW_DIR, in which the file is'],
  ['WALKBACK_PATRONI_STOP_COMMAND', 'the supervisor of the container'],
  ['WALKBACK_PATRONI_START_COMMAND', 'the supervisor of the container'],
]);

const SETTINGS: ReadonlySet<string> = new Set([...SETTING_NAMES.map(environmentName), ...Object.keys(OTHER_VARIABLES)]);

function isOfAnotherArchive(name: string): boolean {
  return ARCHIVE_SETTING_VARIABLES.has(name.replace(/^(CLONE|STANDBY)_/, ''));
}

function isKnown(name: string): boolean {
  return CONTAINER_VARIABLES.has(name) || SETTINGS.has(name) || isOfAnotherArchive(name) || ELSEWHERE.has(name);
}

/** True for a name that is one of Spilo's by its beginning, or nearly one of a clone's, and is none. */
function isSlip(name: string): boolean {
  if (isKnown(name)) return false;
  return FAMILIES.test(name) || /^clone_/i.test(name) || nearCloneName(name, isKnown) !== undefined;
}

function refuseUnknown(reading: Reading, name: string): void {
  const near = nearCloneName(name, isKnown) ?? nearestName(name, [...CONTAINER_VARIABLES.keys(), ...SETTINGS]);
  const isPatronis = name.startsWith('PATRONI_');
  reading.refuse({
    of: name,
    found: isPatronis
      ? 'variables of Patroni do not reach it in this container, nor in Spilo’s'
      : 'there is no such variable, so what it is meant to do would not happen',
    remedy: isPatronis
      ? 'Put it into SPILO_CONFIGURATION, as Patroni’s file has it.'
      : `${near === undefined ? '' : `Did you mean ${near}? `}docs/reference/container.md lists all there are; otherwise take it out.`,
  });
}

function refuseDecided(reading: Reading, name: string, by: string): void {
  reading.refuse({
    of: name,
    found: `in a container it is decided by ${by}`,
    remedy: `Take ${name} out.`,
  });
}

function refuseUnsupported(reading: Reading, name: string): void {
  const refused = CONTAINER_VARIABLES.get(name)?.refused;
  const text = reading.get(name)?.trim();
  if (refused === undefined || text === undefined) return;
  if (refused.unless?.includes(text.toLowerCase()) === true) return;
  reading.refuse({ of: name, found: refused.why, remedy: refused.instead });
}

/** Refuses them all. */
export function checkNames(reading: Reading): void {
  for (const [name, text] of Object.entries(reading.environment)) {
    if (text === undefined || text === '') continue;
    const decidedBy = DECIDED.get(name);
    if (decidedBy !== undefined) refuseDecided(reading, name, decidedBy);
    else if (!isServiceLink(name, text) && isSlip(name)) refuseUnknown(reading, name);
    else if (
      isServiceLink(name, text) &&
      CONTAINER_VARIABLES.has(name) &&
      !/^(ETCD3?|CONSUL|ZOOKEEPER|EXHIBITOR)_/.test(name) &&
      name !== 'KUBERNETES_SERVICE_HOST'
    )
      refuseServiceLink(reading, name);
    else refuseUnsupported(reading, name);
  }
}

/** A Service called `standby` makes Kubernetes set STANDBY_PORT, which Spilo takes for its own. */
function refuseServiceLink(reading: Reading, name: string): void {
  reading.refuse({
    of: name,
    found: `it is ${JSON.stringify(reading.get(name))}, which Kubernetes sets for a Service of that name`,
    remedy: 'Set enableServiceLinks: false in the pod, or call the Service otherwise.',
  });
}
