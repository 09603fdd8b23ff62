import { describe, expect, it } from 'vitest';

import { crc32c } from '../postgres/crc32c.ts';
import { ContentCrc } from './content-crc.ts';

const RECORD_BYTES = 32;
const CRC_OFFSET = 20;

describe('the checksum of checksums', () => {
  it.each([0, 1, 4095, 4096, 4097, 9000])('of %i records is that of their checksums in order', (count) => {
    const records = Buffer.from(
      Array.from({ length: count * RECORD_BYTES }, (_, index) => (index * index * 13 + 5) & 0xff),
    );
    const content = new ContentCrc();
    const checksums: Buffer[] = [];
    for (let start = 0; start < records.length; start += RECORD_BYTES) {
      content.add(records, start);
      checksums.push(records.subarray(start + CRC_OFFSET, start + CRC_OFFSET + 4));
    }
    expect(content.value).toBe(crc32c(Buffer.concat(checksums)));
    expect(content.value).toBe(content.value);
  });
});
