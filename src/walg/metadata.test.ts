import { describe, expect, it } from 'vitest';

import { formatBackupMetadata, parseBackupMetadata } from './metadata.ts';

/** As WAL-G 3.0.9 wrote it, but for the last key. */
const TEXT =
  '{"start_time":"2026-11-22T16:32:51.499162Z","finish_time":"2026-11-22T16:32:51.588566Z","date_fmt":"%Y-%m-%dT%H:%M:%S.%fZ",' +
  '"hostname":"db1","data_dir":"/data","pg_version":150018,"start_lsn":83886120,"finish_lsn":18446744073709551615,' +
  '"is_permanent":false,"system_identifier":7711034684618954266,"uncompressed_size":1092180,"compressed_size":307336,' +
  '"user_data":{"a":1},"checked_by":"somebody"}';
const parse = (text: string) => parseBackupMetadata(Buffer.from(text), 'metadata.json');

describe('the metadata of a backup', () => {
  it('is read to the last bit, and written as it was, keys of others included', () => {
    const metadata = parse(TEXT);
    expect(metadata).toMatchObject({
      finishLsn: 2n ** 64n - 1n,
      systemIdentifier: 7711034684618954266n,
      startTimeNs: 1_795_365_171_499_162_000n,
      isPermanent: false,
      otherProperties: { checked_by: 'somebody' },
    });
    expect(formatBackupMetadata(metadata)).toBe(TEXT);
  });

  it('changes in its flag alone when it is made permanent', () => {
    const permanent = formatBackupMetadata({ ...parse(TEXT), isPermanent: true });
    expect(permanent).toBe(TEXT.replace('"is_permanent":false', '"is_permanent":true'));
  });

  it('says null for a system identifier that is not known', () => {
    const text = TEXT.replace('7711034684618954266', 'null');
    expect(parse(text).systemIdentifier).toBeUndefined();
    expect(formatBackupMetadata(parse(text))).toBe(text);
  });

  it.each(['start_time', 'finish_time', 'start_lsn', 'finish_lsn'])('is refused without %s', (key) => {
    const refusal = expect.objectContaining({ kind: 'corrupt', message: expect.stringContaining(`${key}: absent`) });
    expect(() => parse(TEXT.replace(`"${key}"`, '"x"'))).toThrow(refusal);
  });
});
