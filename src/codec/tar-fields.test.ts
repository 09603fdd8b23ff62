import { describe, expect, it } from 'vitest';

import { parsePaxRecords } from './tar-fields.ts';

const AT = { object: 'part_001.tar', offset: 512 };

describe('PAX records', () => {
  it('are read one after another', () => {
    expect([...parsePaxRecords(Buffer.from('12 path=a/b\n9 uid=70\n'), AT)]).toEqual([
      ['path', 'a/b'],
      ['uid', '70'],
    ]);
  });

  it.each([
    ['end without a length', '12 path=a/b\nrest'],
    ['end with a length alone', '12 path=a/b\n12'],
    ['are longer than they are', '99 path=a/b\n'],
    ['are shorter than they are', '5 path=a/b\n'],
    ['have a length of nothing', '0 path=a/b\n'],
    ['have no key', '5 =b\n'],
    ['have no end', '11 path=a/b'],
  ])('are refused where they %s', (_how, text) => {
    expect(() => parsePaxRecords(Buffer.from(text), AT)).toThrow('part_001.tar: a PAX record is malformed');
  });
});
