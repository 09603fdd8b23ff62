import { describe, expect, it } from 'vitest';

import { parseConninfo, settingsOfConninfo } from './conninfo.ts';

describe('a connection string', () => {
  it('is read as libpq reads it', () => {
    expect([...parseConninfo(String.raw`dbname=postgres user=o\'brien host=/run/a\ b  port = 5433`)]).toEqual([
      ['dbname', 'postgres'],
      ['user', "o'brien"],
      ['host', '/run/a b'],
      ['port', '5433'],
    ]);
    expect(parseConninfo(String.raw`user='a \'b\' \\c' password=''`)).toEqual(
      new Map([
        ['user', String.raw`a 'b' \c`],
        ['password', ''],
      ]),
    );
    expect(parseConninfo('').size).toBe(0);
  });

  it('is refused when it is none, without showing what may be a password', () => {
    for (const text of ['host', "user='a", 'host=a =b', 'postgres://u:hunter2@h/db']) {
      expect(() => parseConninfo(text)).toThrow(/not keyword=value/);
    }
    expect(() => parseConninfo('host=a hunter2')).not.toThrow(/hunter2/);
  });

  it('is tried with TLS and then without, unless it says otherwise', async () => {
    const ways = async (text: string) => (await settingsOfConninfo(`host=h user=u ${text}`)).map(({ ssl }) => ssl);
    expect(await ways('')).toEqual([{ rejectUnauthorized: false }, undefined]);
    expect(await ways('sslmode=disable')).toEqual([undefined]);
    expect(await ways('sslmode=require')).toEqual([{ rejectUnauthorized: false }]);
    expect(await ways('sslmode=verify-full')).toEqual([{ rejectUnauthorized: true }]);
    expect(await ways('sslmode=require host=/run/postgresql')).toEqual([undefined]);
    await expect(settingsOfConninfo('user=u')).rejects.toMatchObject({ kind: 'usage' });
    await expect(settingsOfConninfo('host=h user=u sslmode=verify-ca sslrootcert=/absent')).rejects.toMatchObject({
      kind: 'usage',
    });
  });
});
