/**
 * The tables of CRC-32C: for each byte, what it adds to the checksum of what follows it.
 *
 * Source: `src/include/port/pg_crc32c.h`, `src/port/pg_crc32c_sb8.c` (polynomial 0x82F63B78, reflected).
 *
 * @module
 */

const POLYNOMIAL = 0x82f63b78;

/** How many bytes one step can take. */
export const CRC32C_SLICES = 16;
/** Entries of one table. */
export const CRC32C_TABLE_ENTRIES = 256;

/** `CRC32C_TABLES[256 * k + b]`: the CRC of byte `b` followed by `k` zero bytes. */
export const CRC32C_TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(CRC32C_TABLE_ENTRIES * CRC32C_SLICES);
  for (let byte = 0; byte < CRC32C_TABLE_ENTRIES; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let index = CRC32C_TABLE_ENTRIES; index < tables.length; index += 1) {
    const previous = tables[index - CRC32C_TABLE_ENTRIES] ?? 0;
    tables[index] = (previous >>> 8) ^ (tables[previous & 0xff] ?? 0);
  }
  return tables;
}
