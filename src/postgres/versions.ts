/**
 * What differs between PostgreSQL majors in the bytes that are read here: one row per major.
 *
 * A new major is a new row, written after reading that major's sources; an unknown magic or version is refused by
 * name, never guessed. Page magics and these structs do not change within a major.
 *
 * Source: `src/include/access/xlog_internal.h` (`XLOG_PAGE_MAGIC`), `src/include/catalog/pg_control.h`
 * (`PG_CONTROL_VERSION`), `src/include/catalog/catversion.h`, `src/include/access/xact.h`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** The majors that are read and recovered. */
export type Major = 14 | 15 | 16 | 17 | 18;

/** The layouts of one major. Offsets and sizes in bytes. */
export interface PostgresVersion {
  readonly major: Major;
  /** `xlp_magic` of every WAL page. */
  readonly walPageMagic: number;
  readonly controlVersion: number;
  readonly catalogVersion: number;
  /** Where `pg_control` keeps its CRC: behind every other field. */
  readonly controlCrcOffset: number;
  /** Length of the fixed part of a PREPARE record. */
  readonly prepareHeaderBytes: 64 | 72;
  /** One dropped-statistics item of a commit record; 0 where there are none. */
  readonly droppedStatsBytes: 0 | 12 | 16;
  /** `XLOG_DBASE_DROP`: 14 has no `CREATE_WAL_LOG`, whose number is 14's drop. */
  readonly databaseDropInfo: 0x10 | 0x20;
  /** Compressed-image bits of a block header's `bimg_info`, moved in 15. */
  readonly compressedImageBits: number;
  /** The one of them that says pglz. */
  readonly pglzImageBit: 0x02 | 0x04;
  /** The bit of `bimg_info` that says that replay puts the image in place. */
  readonly appliedImageBit: 0x02 | 0x04;
}

const VERSIONS: readonly PostgresVersion[] = [
  {
    major: 14,
    walPageMagic: 0xd10d,
    controlVersion: 1300,
    catalogVersion: 202107181,
    controlCrcOffset: 288,
    prepareHeaderBytes: 64,
    droppedStatsBytes: 0,
    databaseDropInfo: 0x10,
    compressedImageBits: 0x02,
    pglzImageBit: 0x02,
    appliedImageBit: 0x04,
  },
  {
    major: 15,
    walPageMagic: 0xd110,
    controlVersion: 1300,
    catalogVersion: 202209061,
    controlCrcOffset: 288,
    prepareHeaderBytes: 72,
    droppedStatsBytes: 12,
    databaseDropInfo: 0x20,
    compressedImageBits: 0x1c,
    pglzImageBit: 0x04,
    appliedImageBit: 0x02,
  },
  {
    major: 16,
    walPageMagic: 0xd113,
    controlVersion: 1300,
    catalogVersion: 202307071,
    controlCrcOffset: 288,
    prepareHeaderBytes: 72,
    droppedStatsBytes: 12,
    databaseDropInfo: 0x20,
    compressedImageBits: 0x1c,
    pglzImageBit: 0x04,
    appliedImageBit: 0x02,
  },
  {
    major: 17,
    walPageMagic: 0xd116,
    controlVersion: 1700,
    catalogVersion: 202406281,
    controlCrcOffset: 288,
    prepareHeaderBytes: 72,
    droppedStatsBytes: 12,
    databaseDropInfo: 0x20,
    compressedImageBits: 0x1c,
    pglzImageBit: 0x04,
    appliedImageBit: 0x02,
  },
  {
    major: 18,
    walPageMagic: 0xd118,
    controlVersion: 1800,
    catalogVersion: 202506291,
    controlCrcOffset: 292,
    prepareHeaderBytes: 72,
    droppedStatsBytes: 16,
    databaseDropInfo: 0x20,
    compressedImageBits: 0x1c,
    pglzImageBit: 0x04,
    appliedImageBit: 0x02,
  },
];

/** Every major that is known, the oldest first. */
export const MAJORS: readonly Major[] = VERSIONS.map(({ major }) => major);

const SUPPORTED = MAJORS.join(', ');
const UPGRADE_REMEDY = `This walkback reads PostgreSQL ${SUPPORTED}; use a release that knows this server's major.`;

/** The version whose WAL pages begin with `magic`; `undefined` if none does. */
export function versionByMagic(magic: number): PostgresVersion | undefined {
  return VERSIONS.find(({ walPageMagic }) => walPageMagic === magic);
}

/** The version of a control file. @throws {Failure} `refused` for a major that is not known. */
export function versionByControl(controlVersion: number, catalogVersion: number): PostgresVersion {
  const found = VERSIONS.find((row) => row.controlVersion === controlVersion && row.catalogVersion === catalogVersion);
  if (found !== undefined) return found;
  throw new Failure('refused', {
    message: `cannot read pg_control: version ${controlVersion}, catalog ${catalogVersion} is of no PostgreSQL known here`,
    remedy: UPGRADE_REMEDY,
  });
}

/** The version of a major. @throws {Failure} `refused` for a major that is not known. */
export function versionByMajor(major: number): PostgresVersion {
  const found = VERSIONS.find((row) => row.major === major);
  if (found !== undefined) return found;
  throw new Failure('refused', {
    message: `cannot work with PostgreSQL ${major}: it is not one of ${SUPPORTED}`,
    remedy: UPGRADE_REMEDY,
  });
}

/** The refusal of WAL whose page magic no known major has. */
export function unknownWalVersion(magic: number, fileName: string): Failure {
  return new Failure('refused', {
    message: `cannot read ${fileName}: WAL of an unknown PostgreSQL version (page magic 0x${magic.toString(16).toUpperCase()})`,
    remedy: UPGRADE_REMEDY,
  });
}
