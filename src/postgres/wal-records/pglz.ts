/**
 * PostgreSQL's own compression, as block images have it with `wal_compression = pglz`.
 *
 * Source: `src/common/pg_lzcompress.c` (`pglz_decompress`).
 *
 * @module
 */

const SHORTEST_MATCH_BYTES = 3;
/** A match of this length has one more byte of length behind it. */
const EXTENDED_MATCH_BYTES = 18;

/** Decompresses to exactly `contentBytes` bytes; `undefined` if what is stored is not that. */
export function pglzDecompress(stored: Buffer, contentBytes: number): Buffer | undefined {
  const content = Buffer.allocUnsafe(contentBytes);
  let from = 0;
  let to = 0;
  while (from < stored.length && to < contentBytes) {
    let control = stored[from] ?? 0;
    from += 1;
    for (let item = 0; item < 8 && from < stored.length && to < contentBytes; item += 1) {
      if ((control & 1) === 0) {
        content[to] = stored[from] ?? 0;
        from += 1;
        to += 1;
      } else {
        const first = stored[from] ?? 0;
        const distanceBytes = ((first & 0xf0) << 4) | (stored[from + 1] ?? 0);
        let lengthBytes = (first & 0x0f) + SHORTEST_MATCH_BYTES;
        from += 2;
        if (lengthBytes === EXTENDED_MATCH_BYTES) {
          lengthBytes += stored[from] ?? 0;
          from += 1;
        }
        if (from > stored.length || distanceBytes === 0 || distanceBytes > to) return undefined;
        // As the server does: a match that would go past the end ends there.
        const end = Math.min(to + lengthBytes, contentBytes);
        // Source and target overlap where the distance is the shorter: a repeated pattern.
        for (; to < end; to += 1) content[to] = content[to - distanceBytes] ?? 0;
      }
      control >>= 1;
    }
  }
  return from === stored.length && to === contentBytes ? content : undefined;
}
