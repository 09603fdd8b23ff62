/**
 * Variables of how a cluster begins: as a clone, or as the standby of another.
 *
 * Source: Spilo `ENVIRONMENT.rst`, `configure_spilo.py`.
 *
 * @module
 */

import type { VariableGroup } from './container-variable.ts';

const NOT_A_VARIABLE = { why: 'it is a word of Spilo’s own, not for the environment' } as const;

const NOBODYS_BACKUPS = {
  summary: 'No backups are taken into this archive.',
  refused: {
    why: 'backups are taken into the own archive alone',
    instead: 'Take it out; for that one set WALG_BACKUP_FROM_REPLICA.',
    unless: ['false'],
  },
} as const;

/** A clone. */
export const CLONE_VARIABLES: VariableGroup = {
  title: 'Beginning as a clone',
  variables: [
    {
      name: 'CLONE_METHOD',
      summary:
        '`CLONE_WITH_WALE`: from the archive that the variables of an archive with `CLONE_` before them name, to a target. `CLONE_WITH_BASEBACKUP`: a copy of a running server. Anything else is refused; Spilo makes an empty database of it. It means nothing once the data directory holds a cluster.',
    },
    {
      name: 'CLONE_SCOPE',
      summary: 'The cluster that is cloned. It names the folder in a bucket, and the directory of variables.',
    },
    {
      name: 'CLONE_TARGET_TIME',
      summary:
        'The moment: a date and a time with an offset (`2022-06-05 08:00:00-07:00`), with `Z`, `UTC` or `GMT`, or with the whole name of a zone (`2022-06-05 08:00:00 America/Vancouver`). A time without a zone, an abbreviation such as PST, `UTC-8`, a time that the clocks showed twice or never, and one in the future are refused. Unset: everything that the archive has, what destroyed data too; that is warned of.',
    },
    {
      name: 'CLONE_TARGET_INCLUSIVE',
      summary:
        'The empty text: what was committed at that very microsecond is left out. Any other text, or none: it is there. false is refused, because it meant yes.',
      default: 'true',
    },
    {
      name: 'CLONE_TARGET_TIMELINE',
      summary:
        'The line of history, as a number, decimal or `0x58`; or `latest`, which is: the one that has the target. A number as it stands in the names of files (`00000058`) is refused.',
      default: 'latest',
    },
    {
      name: 'CLONE_PGVERSION',
      summary:
        'The major in a generated address. Without it the folders of the majors in the image are looked through, the newest first.',
    },
    {
      name: 'USE_PAUSE_AT_RECOVERY_TARGET',
      summary: 'The server waits at the target instead of being opened. Any text meant yes.',
      refused: {
        why: 'a clone is opened when its target was proven, and does not wait at it',
        instead: 'Take it out. To look at a moment first, clone, then: walkback rehearse --to-time …',
      },
    },
    { name: 'CLONE_HOST', summary: 'The server to copy.' },
    { name: 'CLONE_PORT', summary: 'Its port.', default: '5432' },
    { name: 'CLONE_USER', summary: 'The role to copy as. It must be allowed to replicate.' },
    { name: 'CLONE_PASSWORD', summary: 'Its password.', secret: true },
    {
      name: 'CLONE_PGPASS',
      summary: 'A password file.',
      refused: {
        why: 'the password is in the directory of variables',
        instead: 'Take it out, and set CLONE_PASSWORD.',
      },
    },
    {
      name: 'CLONE_WALE_ENV_DIR',
      summary: 'The directory of the clone’s variables, which Spilo sets itself.',
      refused: { ...NOT_A_VARIABLE, instead: 'Take it out.' },
    },
    {
      name: 'CLONE_WITH_WALE',
      summary: 'A method.',
      refused: { ...NOT_A_VARIABLE, instead: 'Set CLONE_METHOD=CLONE_WITH_WALE.' },
    },
    {
      name: 'CLONE_WITH_BASEBACKUP',
      summary: 'A method.',
      refused: { ...NOT_A_VARIABLE, instead: 'Set CLONE_METHOD=CLONE_WITH_BASEBACKUP.' },
    },
    {
      name: 'CLONE_WALE_GCS_PREFIX',
      summary: 'Spilo takes it for an archive, and then hands it on to nobody.',
      refused: { why: 'Spilo knows it and hands it on to nobody', instead: 'Set CLONE_WALG_GS_PREFIX.' },
    },
    {
      name: 'CLONE_WALG_GCS_PREFIX',
      summary: 'No variable of Spilo’s, but near to one.',
      refused: { why: 'there is no such variable', instead: 'Set CLONE_WALG_GS_PREFIX.' },
    },
    { name: 'CLONE_WALG_BACKUP_FROM_REPLICA', ...NOBODYS_BACKUPS },
    {
      name: 'CLONE_WAL_AZ_BUCKET',
      summary: 'Spilo takes it for an archive, and then forms no address of it.',
      refused: { why: 'no address is formed of it', instead: 'Set CLONE_WALG_AZ_PREFIX.' },
    },
  ],
};

/** A standby cluster. */
export const STANDBY_VARIABLES: VariableGroup = {
  title: 'Following another cluster',
  variables: [
    { name: 'STANDBY_HOST', summary: 'The primary that is followed. With a clone it is refused.' },
    { name: 'STANDBY_PORT', summary: 'Its port.', default: '5432' },
    { name: 'STANDBY_PRIMARY_SLOT_NAME', summary: 'The replication slot there.' },
    {
      name: 'STANDBY_SCOPE',
      summary:
        'The cluster that is followed. With the variables of an archive with `STANDBY_` before them its archive is followed, too; without `STANDBY_HOST` that alone, along its newest line.',
    },
    { name: 'STANDBY_PGVERSION', summary: 'The major in a generated address.' },
    { name: 'STANDBY_WALG_BACKUP_FROM_REPLICA', ...NOBODYS_BACKUPS },
    {
      name: 'STANDBY_CLUSTER',
      summary: 'What Spilo makes of the others.',
      refused: { ...NOT_A_VARIABLE, instead: 'Take it out, and set STANDBY_HOST or the variables of an archive.' },
    },
    {
      name: 'STANDBY_WITH_WALE',
      summary: 'What Spilo makes of the others.',
      refused: { ...NOT_A_VARIABLE, instead: 'Take it out, and set the variables of an archive.' },
    },
    {
      name: 'STANDBY_WALE_ENV_DIR',
      summary: 'The directory of the variables, which Spilo sets itself.',
      refused: { ...NOT_A_VARIABLE, instead: 'Take it out.' },
    },
  ],
};
