/**
 * What has to stand on a page that says a record from before it was lost in a crash: the record that names the lost one.
 *
 * Source: `src/backend/access/transam/xlogrecovery.c` (`VerifyOverwriteContrecord`), `xl_overwrite_contrecord` in
 * `src/include/access/xlog_internal.h`.
 *
 * @module
 */

const XLOG_MANAGER = 0;
const OVERWRITE_CONTRECORD = 0xd0;
const INFO_OFFSET = 16;
const MANAGER_OFFSET = 17;
const DATA_OFFSET = 24;
/** One byte for what follows, and one or four for how long it is. */
const SHORT_DATA_ID = 255;
const SHORT_DATA_HEADER_BYTES = 2;
const LONG_DATA_ID = 254;
const LONG_DATA_HEADER_BYTES = 5;
const LONGEST_RECORD_BYTES = DATA_OFFSET + LONG_DATA_HEADER_BYTES + 16;

/**
 * What is wrong with the first record behind a lost one; `undefined` if it names it.
 *
 * @param start where it begins in `bytes`.
 * @param high and `low`: halves of the lost record's LSN.
 */
export function overwriteProblem(bytes: Buffer, start: number, high: number, low: number): string | undefined {
  const isThere =
    start + LONGEST_RECORD_BYTES <= bytes.length &&
    bytes[start + MANAGER_OFFSET] === XLOG_MANAGER &&
    ((bytes[start + INFO_OFFSET] ?? 0) & 0xf0) === OVERWRITE_CONTRECORD &&
    (bytes[start + DATA_OFFSET] === SHORT_DATA_ID || bytes[start + DATA_OFFSET] === LONG_DATA_ID);
  if (!isThere) return 'its page says that a record was lost, and does not name it';
  const isShort = bytes[start + DATA_OFFSET] === SHORT_DATA_ID;
  const data = start + DATA_OFFSET + (isShort ? SHORT_DATA_HEADER_BYTES : LONG_DATA_HEADER_BYTES);
  const isSame = bytes.readUInt32LE(data) === low && bytes.readUInt32LE(data + 4) === high;
  return isSame ? undefined : 'its page says that another record was lost than the one that began before it';
}
