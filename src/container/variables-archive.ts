/**
 * Variables of the archive: where it is, how it is reached, what is kept.
 *
 * Source: Spilo `ENVIRONMENT.rst`, `configure_spilo.py` (`write_wale_environment`).
 *
 * @module
 */

import type { ContainerVariable, VariableGroup } from './container-variable.ts';
import { OTHER_STORES, S3, SWIFT } from './variables-stores.ts';

const WALE = 'It asks for WAL-E, whose format is neither read nor written.';

const PLACE: readonly ContainerVariable[] = [
  { name: 'WAL_S3_BUCKET', summary: 'A bucket of S3; the address in it is generated.', ofArchive: true },
  {
    name: 'WAL_GS_BUCKET',
    summary: 'A bucket of Google Cloud Storage; the address in it is generated.',
    ofArchive: true,
  },
  { name: 'WAL_GCS_BUCKET', summary: 'Another name of WAL_GS_BUCKET. Two that differ are refused.', ofArchive: true },
  {
    name: 'WAL_BUCKET_SCOPE_PREFIX',
    summary:
      'Stands before the scope in a generated address. For a clone and a standby there is no default: an archive that was written in a namespace is not found without it, which is told as a warning.',
    default: '`<NAMESPACE>-`, unless that is `default` or empty',
    ofArchive: true,
  },
  { name: 'WAL_BUCKET_SCOPE_SUFFIX', summary: 'Stands behind the scope in a generated address.', ofArchive: true },
  {
    name: 'WALE_S3_PREFIX',
    summary: "The archive's address in S3, used as it is: no scope and no version is added.",
    default: '`s3://<bucket>/spilo/<scope prefix><SCOPE><scope suffix>/wal/<major>` with a bucket',
    ofArchive: true,
  },
  {
    name: 'WALG_S3_PREFIX',
    summary: 'The same. If both are set and differ, it counts, as it did for wal-g.',
    ofArchive: true,
  },
  {
    name: 'WALE_GS_PREFIX',
    summary: 'The address in Google Cloud Storage, used as it is.',
    default: '`gs://<bucket>/spilo/<scope prefix><SCOPE><scope suffix>/wal/<major>` with a bucket',
    ofArchive: true,
  },
  {
    name: 'WALG_GS_PREFIX',
    summary: 'The same. If both are set and differ, it counts, as it did for wal-g.',
    ofArchive: true,
  },
  { name: 'WALG_AZ_PREFIX', summary: 'The address in Azure, `azure://container/path`.', ofArchive: true },
  {
    name: 'WALG_SSH_PREFIX',
    summary:
      'The address on another host, `ssh://host/path`. The host has to be known: WALKBACK_SSH_KNOWN_HOSTS or WALKBACK_SSH_HOST_KEY. It can be cloned from, too, which Spilo cannot.',
    ofArchive: true,
  },
  {
    name: 'WALG_FILE_PREFIX',
    summary: 'A folder, such as a volume that is mounted. Spilo does not have it.',
    ofArchive: true,
  },
];

const WALE_OR_WALG: readonly ContainerVariable[] = [
  {
    name: 'USE_WALE',
    summary:
      'What Spilo makes of the other variables; whatever it is set to has no effect. true without an archive is refused.',
  },
  {
    name: 'USE_WALG',
    summary: `Everything is written and read in WAL-G's format. false is refused: ${WALE} Unset, it is told as a warning where Spilo would have taken WAL-E.`,
    ofArchive: true,
  },
  { name: 'USE_WALG_BACKUP', summary: 'The same, for backups.', ofArchive: true },
  { name: 'USE_WALG_RESTORE', summary: 'The same, for restoring.', ofArchive: true },
];

const SCHEDULE: readonly ContainerVariable[] = [
  {
    name: 'BACKUP_SCHEDULE',
    summary:
      'When the agent takes a backup, as in crontab, in UTC; one that was missed is made up for, and the first is taken at once.',
    default: '0 1 * * *',
  },
  {
    name: 'BACKUP_NUM_TO_RETAIN',
    summary: 'How many full backups stay, at least two, and of how many days every moment stays reachable.',
    default: '5',
  },
  {
    name: 'WALE_BACKUP_THRESHOLD_MEGABYTES',
    summary: 'A replica is made from the archive only if there is less WAL than this behind its newest backup.',
    default: '102400',
  },
  {
    name: 'WALE_BACKUP_THRESHOLD_PERCENTAGE',
    summary: "The same, in percent of the cluster's size.",
    default: '30',
  },
  {
    name: 'WAL_RESTORE_TIMEOUT',
    summary:
      'How many seconds one file may take; 0: as long as the spool waits. It becomes WALKBACK_RESTORE_WAIT_S: Spilo kills the command, which a server in recovery takes for the end of the archive.',
    default: '0',
  },
  { name: 'WALE_TMPDIR', summary: 'A folder for temporary files.', default: 'tmp beside PGROOT' },
  {
    name: 'WALE_ENV_DIR',
    summary:
      'The directory of the archive’s variables, for `walkback --env-dir`. Those of a clone and of a standby are `RW_DIR/etc/wal-e.d/env-clone-<CLONE_SCOPE>` and `env-standby-<STANDBY_SCOPE>`.',
    default: 'RW_DIR/etc/wal-e.d/env',
  },
  {
    name: 'WALG_BACKUP_FROM_REPLICA',
    summary:
      "true: backups that are due are taken on a replica that streams, by one agent at a time. The first one, one that closes a gap in the WAL, and one that no replica begins within WALKBACK_REPLICA_BACKUP_WAIT (15 minutes) are the leader's, where Spilo takes none.",
    default: 'false',
  },
  {
    name: 'ENABLE_WAL_PATH_COMPAT',
    summary:
      'true: WAL that is not in a generated address is looked for in the one without the major, where old images wrote it. It becomes a store that is read beside the archive (WALG_FAILOVER_STORAGES).',
    default: 'false',
  },
];

const WRITING: readonly ContainerVariable[] = [
  { name: 'WALG_DELTA_MAX_STEPS', summary: 'How many deltas follow a full backup.', default: '0', ofArchive: true },
  { name: 'WALG_DELTA_ORIGIN', summary: 'What a delta is taken against: LATEST or LATEST_FULL.', ofArchive: true },
  {
    name: 'WALG_DOWNLOAD_CONCURRENCY',
    summary: 'How many downloads run at a time.',
    default: 'the processors, 10 at most; 10 for a clone',
    ofArchive: true,
  },
  {
    name: 'WALG_UPLOAD_CONCURRENCY',
    summary: 'How many uploads run at a time.',
    default: 'the processors, 10 at most',
    ofArchive: true,
  },
  { name: 'WALG_UPLOAD_DISK_CONCURRENCY', summary: 'How many files are read at a time.', ofArchive: true },
  { name: 'WALG_DISK_RATE_LIMIT', summary: 'The most that is read from disk, in bytes a second.', ofArchive: true },
  {
    name: 'WALG_NETWORK_RATE_LIMIT',
    summary: 'The most that a backup sends and a restore fetches, in bytes a second.',
    ofArchive: true,
  },
  {
    name: 'WALG_COMPRESSION_METHOD',
    summary: 'How backups and WAL are compressed: zstd, lz4, brotli or none. lzma is read only.',
    default: 'zstd',
    ofArchive: true,
  },
  { name: 'WALG_BACKUP_COMPRESSION_METHOD', summary: 'The same; if both are set they must agree.', ofArchive: true },
  {
    name: 'WALG_PREVENT_WAL_OVERWRITE',
    summary: 'What is in an archive is never overwritten with other content. false is refused.',
    default: 'true',
    ofArchive: true,
    refused: {
      why: 'what is in an archive is never overwritten',
      instead: 'Take it out, or set it to true.',
      unless: ['true'],
    },
  },
  {
    name: 'WALG_SENTINEL_USER_DATA',
    summary: "Text for a backup's sentinel.",
    ofArchive: true,
    refused: {
      why: "the agent's backups carry no text of their own",
      instead: 'Take it out; walkback backup keep marks a backup.',
    },
  },
  {
    name: 'WALG_LIBSODIUM_KEY',
    summary: 'The key that backups and WAL are encrypted with. The empty text is refused.',
    secret: true,
    ofArchive: true,
  },
  { name: 'WALG_LIBSODIUM_KEY_PATH', summary: 'A file with that key. It has to be there.', ofArchive: true },
  { name: 'WALG_LIBSODIUM_KEY_TRANSFORM', summary: 'How the key is written: none, base64 or hex.', ofArchive: true },
  {
    name: 'WALG_PGP_KEY',
    summary: 'An OpenPGP key to encrypt with. The empty text is refused.',
    secret: true,
    ofArchive: true,
  },
  { name: 'WALG_PGP_KEY_PATH', summary: 'A file with that key. It has to be there.', ofArchive: true },
  { name: 'WALG_PGP_KEY_PASSPHRASE', summary: 'Its passphrase.', secret: true, ofArchive: true },
  { name: 'http_proxy', summary: 'The proxy for http.', ofArchive: true },
  { name: 'https_proxy', summary: 'The proxy for https.', ofArchive: true },
  { name: 'no_proxy', summary: 'Hosts that are reached without one.', ofArchive: true },
];

const INSTEAD_OF_SHIPPING = {
  why: 'logs are not sent to S3',
  instead: 'Take it out. The log is in PGLOG as CSV, and on the container’s standard error; the platform collects it.',
} as const;

/** The groups of the archive. */
export const ARCHIVE_GROUPS: readonly VariableGroup[] = [
  { title: 'Where the archive is', variables: [...PLACE, ...WALE_OR_WALG] },
  { title: 'Backups, what is kept, and replicas', variables: SCHEDULE },
  { title: 'An archive in S3', variables: S3 },
  { title: 'An archive in another store', variables: OTHER_STORES },
  { title: 'How the archive is written', variables: WRITING },
  { title: 'Swift', variables: SWIFT },
  {
    title: 'Logs in S3',
    variables: [
      'LOG_S3_BUCKET',
      'LOG_S3_ENDPOINT',
      'LOG_S3_TAGS',
      'LOG_S3_KEY',
      'LOG_SHIP_SCHEDULE',
      'LOG_TMPDIR',
      'LOG_ENV_DIR',
      'LOG_BUCKET_SCOPE_PREFIX',
      'LOG_BUCKET_SCOPE_SUFFIX',
      'LOG_GROUP_BY_DATE',
      'LOG_AWS_REGION',
    ].map((name) => ({ name, summary: 'The server’s log, sent to S3.', refused: INSTEAD_OF_SHIPPING })),
  },
];
