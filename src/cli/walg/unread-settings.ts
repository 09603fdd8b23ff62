/**
 * WAL-G's settings that change nothing here, with why: whoever has set one is told, since what it was meant to change does
 * not happen.
 *
 * Source of the names: WAL-G `internal/config/config.go` (`CommonAllowedSettings`, `PGAllowedSettings`), `pkg/storages/*`.
 *
 * @module
 */

import type { Environment } from '../../config/environment.ts';
import { walgNames } from '../../config/setting.ts';
import { goBoolean } from './parse-walg-arguments.ts';

/** Some settings that change nothing for the same reason. */
export interface UnreadSettings {
  /** Names of one setting are looked up in this order, by WAL-G too. */
  readonly variables: readonly string[];
  /** Why, as it stands behind the name. */
  readonly because: string;
  /** Values that ask for what is done here anyway: nothing is said then. */
  readonly isMetBy?: (value: string) => boolean;
  /** Other programs read it too: in the environment it may be meant for them. */
  readonly isShared?: true;
}

const isOn = (value: string): boolean => goBoolean(value) === true;
const isOff = (value: string): boolean => goBoolean(value) !== true;
const is = (word: string) => (value: string) => value === word;

const OF_BACKUPS: readonly UnreadSettings[] = [
  {
    variables: ['WALG_TAR_SIZE_THRESHOLD'],
    because: 'how large the parts of a backup become cannot be chosen',
  },
  {
    variables: ['WALG_USE_RATING_COMPOSER', 'WALG_USE_COPY_COMPOSER', 'WALG_USE_DATABASE_COMPOSER'],
    because: 'how files are put into parts cannot be chosen',
    isMetBy: isOff,
  },
  { variables: ['WALG_UPLOAD_QUEUE'], because: 'a part is sent while it is made, and none waits' },
  {
    variables: ['WALG_VERIFY_PAGE_CHECKSUMS'],
    because: 'pages are always checked where the cluster has data checksums',
    isMetBy: isOn,
  },
  {
    variables: ['WALG_STORE_ALL_CORRUPT_BLOCKS'],
    because: 'corrupt blocks are recorded as they are found',
    isMetBy: isOn,
  },
  {
    variables: ['WALG_USE_WAL_DELTA', 'WALG_FORCE_WAL_DELTA'],
    because: 'a delta is made by the WAL since its parent where that is known, else by the headers of pages',
    isMetBy: isOff,
  },
  {
    variables: ['WALG_DISABLE_PARTIAL_RESTORE'],
    because: 'a backup always tells the names of databases and tables',
    isMetBy: isOff,
  },
  {
    variables: ['WALG_STOP_BACKUP_TIMEOUT'],
    because: 'the server is not waited for; how long WAL may take to arrive is archive-timeout',
  },
  { variables: ['WALG_ALIVE_CHECK_INTERVAL'], because: 'a backup ends as soon as its connection is lost' },
  {
    variables: ['WALG_DIRECT_IO', 'WALG_DIRECT_IO_BLOCK_COUNT'],
    because: "files are read through the system's cache",
    isMetBy: isOff,
  },
  {
    variables: ['WALG_SERIALIZER_TYPE'],
    because: 'metadata is written in one way',
    isMetBy: is('json_streamed'),
  },
];

const OF_RESTORES: readonly UnreadSettings[] = [
  {
    variables: ['WALG_USE_REVERSE_UNPACK'],
    because: 'each file is written once whole and its increments on it; the order cannot be chosen',
    isMetBy: isOff,
  },
  {
    variables: ['WALG_SKIP_REDUNDANT_TARS'],
    because: 'parts that hold nothing which is needed are never read',
    isMetBy: isOn,
  },
  {
    variables: ['WALG_TAR_DISABLE_FSYNC'],
    because: 'every file that is restored is made durable',
    isMetBy: isOff,
  },
  {
    variables: ['WALG_DOWNLOAD_FILE_RETRIES'],
    because: 'a read that breaks off goes on where it was, within store-call-timeout',
  },
];

const OF_WAL: readonly UnreadSettings[] = [
  {
    variables: ['WALG_PREVENT_WAL_OVERWRITE'],
    because: 'what is in an archive is never overwritten with other content',
    isMetBy: isOn,
  },
  {
    variables: ['WALG_UPLOAD_WAL_METADATA'],
    because: 'no objects are written beside segments to tell when they were made',
    isMetBy: is('NOMETADATA'),
  },
  {
    variables: ['TOTAL_BG_UPLOADED_LIMIT', 'PG_READY_RENAME'],
    because: 'wal-push pushes one file; the agent pushes ahead (walkback agent)',
  },
  {
    variables: ['WALG_PG_WAL_SIZE', 'WALG_PG_WAL_PAGE_SIZE', 'WALG_PG_BLOCK_SIZE'],
    because: 'the server, its backups and its segments tell their sizes',
  },
];

const OF_ABSENT_COMMANDS: readonly UnreadSettings[] = [
  { variables: ['WALG_SLOTNAME'], because: 'there is no wal-receive' },
  { variables: ['WALG_DAEMON_WAL_UPLOAD_TIMEOUT'], because: 'there is no daemon; walkback agent takes its place' },
  { variables: ['PGBACKREST_STANZA'], because: 'archives of pgBackRest are not read', isShared: true },
  {
    variables: ['WALG_STREAM_CREATE_COMMAND', 'WALG_STREAM_RESTORE_COMMAND'],
    because: 'it is for databases other than PostgreSQL',
  },
];

const OF_STORES: readonly UnreadSettings[] = [
  {
    variables: [
      'WALG_FAILOVER_STORAGES_CHECK',
      'WALG_FAILOVER_STORAGES_CHECK_TIMEOUT',
      'WALG_FAILOVER_STORAGES_CHECK_SIZE',
      'WALG_FAILOVER_STORAGES_CACHE_LIFETIME',
      'WALG_FAILOVER_STORAGES_CACHE_EMA_ALIVE_LIMIT',
      'WALG_FAILOVER_STORAGES_CACHE_EMA_DEAD_LIMIT',
      'WALG_FAILOVER_STORAGES_CACHE_EMA_ALPHA_ALIVE_MAX',
      'WALG_FAILOVER_STORAGES_CACHE_EMA_ALPHA_ALIVE_MIN',
      'WALG_FAILOVER_STORAGES_CACHE_EMA_ALPHA_DEAD_MAX',
      'WALG_FAILOVER_STORAGES_CACHE_EMA_ALPHA_DEAD_MIN',
    ],
    because: 'failover storages are read as they are found, each time, and never written',
  },
  {
    variables: [
      ...walgNames('S3_MAX_RETRIES', 'S3_RANGE_BATCH_ENABLED', 'S3_RANGE_MAX_RETRIES'),
      ...walgNames('S3_MIN_THROTTLING_RETRY_DELAY', 'S3_MAX_THROTTLING_RETRY_DELAY'),
      ...walgNames('GCS_MAX_RETRIES', 'GCS_CONTEXT_TIMEOUT', 'AZURE_TRY_TIMEOUT'),
    ],
    because: 'how long a store is tried is store-idle-timeout and store-call-timeout',
  },
  {
    variables: walgNames('S3_ENDPOINT_PORT', 'S3_ENDPOINT_PROTOCOL'),
    because: 'the address of the store is AWS_ENDPOINT, with its scheme and its port',
  },
  {
    variables: walgNames('S3_ENABLE_VERSIONING', 'S3_DELETE_BATCH_SIZE'),
    because: 'the bucket is asked whether it keeps versions, and deletions go in batches as large as can be',
  },
  {
    variables: walgNames('S3_SKIP_VALIDATION', 'S3_DISABLE_100_CONTINUE', 'S3_LOG_LEVEL', 'S3_USE_YC_SESSION_TOKEN'),
    because: 'requests to S3 are made in one way',
  },
  {
    variables: ['AWS_CA_BUNDLE'],
    because: 'the certificates by which the store is trusted are WALG_S3_CA_CERT_FILE',
    isShared: true,
  },
  {
    variables: ['PGSSLCERT', 'PGSSLKEY'],
    because: 'the server is reached without a certificate of the client',
    isShared: true,
  },
  { variables: ['PGAPPNAME'], because: 'the server knows this program as walkback', isShared: true },
];

const OF_THE_PROCESS: readonly UnreadSettings[] = [
  { variables: ['WALG_LOG_DESTINATION'], because: 'log lines go to standard error', isMetBy: is('stderr') },
  {
    variables: ['WALG_STATSD_ADDRESS', 'WALG_STATSD_EXTRA_TAGS'],
    because: 'the agent has the metrics (metrics-address)',
  },
  {
    variables: ['HTTP_LISTEN', 'HTTP_EXPOSE_PPROF', 'HTTP_EXPOSE_EXPVAR'],
    because: 'only the agent listens (metrics-address)',
    isShared: true,
  },
  {
    variables: ['PROFILE_SAMPLING_RATIO', 'PROFILE_MODE', 'PROFILE_PATH', 'GOMAXPROCS', 'GODEBUG'],
    because: 'this program is not written in Go',
    isShared: true,
  },
];

/** All of them, as the reference lists them. */
export const UNREAD_SETTINGS: readonly UnreadSettings[] = [
  ...OF_BACKUPS,
  ...OF_RESTORES,
  ...OF_WAL,
  ...OF_STORES,
  ...OF_ABSENT_COMMANDS,
  ...OF_THE_PROCESS,
];

/**
 * One line for each that is set and asks for something else than what is done. Shows the name, never the value.
 *
 * @param around the environment of the process: what other programs read too is told only where it is not from there.
 */
export function unreadSettingsIn(environment: Environment, around: Environment = {}): string[] {
  return UNREAD_SETTINGS.flatMap(({ variables, because, isMetBy, isShared }) =>
    variables
      .filter((variable) => {
        const value = environment[variable] ?? '';
        const isForOthers = isShared === true && around[variable] === value;
        return value !== '' && !isForOthers && isMetBy?.(value) !== true;
      })
      .map((variable) => `${variable} changes nothing here: ${because}`),
  );
}
