/**
 * The numbers of PostgreSQL's page checksum.
 *
 * Source: PostgreSQL `src/include/storage/checksum_impl.h` (`FNV_PRIME`, `checksumBaseOffsets`).
 *
 * @module
 */

/** The only page size the checksum code here takes. */
export const PAGE_SIZE_BYTES = 8192;

/** The multiplier of FNV-1a for 32 bits. */
export const FNV_PRIME = 16_777_619;

/** Where each of the 32 sums begins. */
export const CHECKSUM_BASE_OFFSETS: readonly number[] = [
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c, 0xf8d4474f,
  0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc,
  0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6,
  0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
];
