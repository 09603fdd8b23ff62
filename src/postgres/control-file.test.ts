import { describe, expect, it } from 'vitest';

import { parseControlFile, timelineOf } from './control-file.ts';
import { crc32c } from './crc32c.ts';
import { versionByMajor } from './versions.ts';

/** A control file of `major`, with a CRC that fits. The system tests read real ones. */
function controlFile(major: number, change: (bytes: Buffer) => void = () => {}): Buffer {
  const version = versionByMajor(major);
  const bytes = Buffer.alloc(8192);
  bytes.writeBigUInt64LE(7_362_115_390_412_345_678n, 0);
  bytes.writeUInt32LE(version.controlVersion, 8);
  bytes.writeUInt32LE(version.catalogVersion, 12);
  bytes.writeUInt32LE(6, 16);
  bytes.writeBigUInt64LE(0x2_0000_0060n, 32);
  bytes.writeBigUInt64LE(0x2_0000_0028n, 40);
  bytes.writeUInt32LE(3, 48);
  bytes.writeUInt32LE(1, 172);
  bytes.writeInt32LE(100, 180);
  bytes.writeDoubleLE(1234567, 208);
  bytes.writeUInt32LE(8192, 216);
  bytes.writeUInt32LE(8192, 224);
  bytes.writeUInt32LE(16 * 1024 * 1024, 228);
  change(bytes);
  bytes.writeUInt32LE(crc32c(bytes, 0, version.controlCrcOffset), version.controlCrcOffset);
  return bytes;
}

describe('a control file', () => {
  it.each([14, 15, 16, 17, 18])('of PostgreSQL %i is read', (major) => {
    expect(parseControlFile(controlFile(major))).toMatchObject({
      systemIdentifier: 7_362_115_390_412_345_678n,
      majorVersion: major,
      state: 'in production',
      redoLsn: 0x2_0000_0028n,
      timeline: 3,
      walLevel: 'replica',
      maxConnections: 100,
      walSegmentSizeBytes: 16 * 1024 * 1024,
    });
  });

  it.each([
    ['of its last checkpoint', 3, 0, 3],
    ['that it was promoted to, before a checkpoint of its own', 3, 4, 4],
    ['that it has recovered to, ahead of its last restart point', 3, 5, 5],
    ['of its last checkpoint, once that is the newer one', 4, 3, 4],
  ])('tells the timeline %s', (_, checkpoint, recovered, expected) => {
    const control = parseControlFile(
      controlFile(17, (bytes) => {
        bytes.writeUInt32LE(checkpoint, 48);
        bytes.writeUInt32LE(recovered, 144);
      }),
    );
    expect(timelineOf(control)).toBe(expected);
  });

  it('with one bit changed is refused, wherever it is', () => {
    for (let byte = 0; byte < 296; byte += 1) {
      const bytes = controlFile(18);
      bytes[byte] = (bytes[byte] ?? 0) ^ 0x10;
      expect(() => parseControlFile(bytes), `byte ${byte}`).toThrow('cannot read pg_control');
    }
  });

  it('that is short is refused', () => {
    expect(() => parseControlFile(controlFile(15).subarray(0, 200))).toThrow('it has 200 bytes');
  });

  it('of another major is refused by name', () => {
    const bytes = controlFile(18);
    bytes.writeUInt32LE(1905, 8);
    expect(() => parseControlFile(bytes)).toThrow('version 1905');
  });

  it('of another byte order or with senseless numbers is refused', () => {
    expect(() => parseControlFile(controlFile(16, (bytes) => bytes.writeDoubleBE(1234567, 208)))).toThrow(
      'number format',
    );
    expect(() => parseControlFile(controlFile(16, (bytes) => bytes.writeUInt32LE(9, 16)))).toThrow(
      'state or wal_level',
    );
    expect(() => parseControlFile(controlFile(16, (bytes) => bytes.writeUInt32LE(3, 228)))).toThrow('segment size');
  });
});
