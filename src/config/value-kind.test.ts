import { describe, expect, it } from 'vitest';

import {
  agentAddresses,
  archiveAddress,
  boolean,
  bytes,
  choice,
  commandLine,
  duration,
  integer,
  matching,
  path,
  text,
  timeZone,
  zstdLevel,
} from './value-kind.ts';

describe('a size', () => {
  it.each([
    ['0', 0],
    ['20971520', 20_971_520],
    ['64kB', 65_536],
    ['20MB', 20_971_520],
    ['20 MiB', 20_971_520],
    ['1GB', 1_073_741_824],
    ['2TB', 2_199_023_255_552],
  ])('reads %j as %d bytes', (given, sizeBytes) => {
    expect(bytes(0).parse(given)).toBe(sizeBytes);
  });

  it.each(['', '-1', '1.5GB', '10mb', '10 M', 'MB', '1e9', '9999999999999TB', '١MB'])('refuses %j', (given) => {
    expect(bytes(0).parse(given)).toBeUndefined();
  });

  it('keeps to its limits, which are allowed themselves', () => {
    const kind = bytes(5, 10);
    expect(['4', '5', '10', '11'].map(kind.parse)).toEqual([undefined, 5, 10, undefined]);
  });
});

describe('a level of zstd', () => {
  it('is a number, or a word of WAL-G', () => {
    expect(['1', '19', 'fastest', 'Default', 'better', 'BEST'].map(zstdLevel.parse)).toEqual([1, 19, 1, 3, 7, 11]);
    expect(['0', '20', 'fast', ''].map(zstdLevel.parse)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5min', 300_000],
    ['2h', 7_200_000],
    ['1 d', 86_400_000],
  ])('reads %j as %d ms', (given, ms) => {
    expect(duration().parse(given)).toBe(ms);
  });

  it.each(['30', '5m', '1.5h', '-1s', '', '25d'])('refuses %j', (given) => {
    expect(duration().parse(given)).toBeUndefined();
  });
});

describe('a boolean', () => {
  it.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('is true for %j', (given) => {
    expect(boolean.parse(given)).toBe(true);
  });

  it.each(['0', 'f', 'F', 'FALSE', 'false', 'False'])('is false for %j', (given) => {
    expect(boolean.parse(given)).toBe(false);
  });

  it.each(['yes', 'on', 'no', 'tRUE', '', '2'])('is neither for %j, which WAL-G would read as false', (given) => {
    expect(boolean.parse(given)).toBeUndefined();
  });
});

describe('other kinds', () => {
  it.each([
    ['a number within bounds', integer(1, 10).parse('10'), 10],
    ['a number beyond them', integer(1, 10).parse('11'), undefined],
    ['a number with a sign that is not one', integer(1, 10).parse('+5'), undefined],
    ['a number with a fraction', integer(1, 10).parse('5.0'), undefined],
    ['a word of a choice', choice(['zstd', 'lz4']).parse('lz4'), 'lz4'],
    ['a word that is none of it', choice(['zstd', 'lz4']).parse('LZ4'), undefined],
    ['a path from the root', path.parse('/srv/archive/'), '/srv/archive'],
    ['the root', path.parse('/'), '/'],
    ['a relative path', path.parse('srv'), undefined],
    ['a path with a NUL', path.parse('/a\0b'), undefined],
    ['text', text.parse(' a '), ' a '],
    ['no text', text.parse(''), undefined],
    ['text of a form', matching(/^a+$/, 'AS', 'as').parse('aaa'), 'aaa'],
    ['text of another form', matching(/^a+$/, 'AS', 'as').parse('b'), undefined],
  ])('read %s', (_name, found, expected) => {
    expect(found).toBe(expected);
  });

  it.each(['UTC', 'America/Vancouver', 'America/Argentina/Ushuaia', 'Etc/GMT+8'])('take the zone %s', (zone) => {
    expect(timeZone.parse(zone)).toBe(zone);
  });

  it.each(['PST', 'EST', 'Vancouver', 'America/Atlantis', '+02:00', ''])('refuse %j as a zone', (zone) => {
    expect(timeZone.parse(zone)).toBeUndefined();
  });

  it.each(['s3://bucket', 's3://bucket/a/b', '/srv/a', 'file:///srv/a', 'file://localhost/srv/a'])(
    'take %s as an archive',
    (address) => {
      expect(archiveAddress.parse(address)).toBe(address);
    },
  );

  it.each(['s3://', 'srv', 'oss://bucket/a', 'http://x/y', 's3:///a', 's3://b/a b'])(
    'refuse %s as an archive',
    (address) => {
      expect(archiveAddress.parse(address)).toBeUndefined();
    },
  );
});

describe('a command line', () => {
  it.each([
    ['systemctl start postgresql@17-main', ['systemctl', 'start', 'postgresql@17-main']],
    [`  sh -c 'a "b" $c'  `, ['sh', '-c', 'a "b" $c']],
    [String.raw`run "a \"b\" c" d\ e`, ['run', 'a "b" c', 'd e']],
    [`a''b ""`, ['ab', '']],
  ])('splits %j into words', (given, words) => {
    expect(commandLine.parse(given)).toEqual(words);
  });

  it.each(['', '   ', `a 'b`, 'a "b', 'a \\'])('is refused when it is %j', (given) => {
    expect(commandLine.parse(given)).toBeUndefined();
  });
});

describe('addresses of agents', () => {
  it.each([
    ['https://db1.example.net:9633', ['https://db1.example.net:9633/']],
    ['https://db1:9633, https://db2:9633/', ['https://db1:9633/', 'https://db2:9633/']],
    ['http://127.0.0.1:9633', ['http://127.0.0.1:9633/']],
    ['http://localhost:9633', ['http://localhost:9633/']],
    ['http://[::1]:9633', ['http://[::1]:9633/']],
  ])('reads %j', (given, urls) => {
    expect(agentAddresses.parse(given)?.map(String)).toEqual(urls);
  });

  it.each([
    '',
    'db1:9633',
    'http://db1.example.net:9633',
    'http://127.0.0.1.example.net:9633',
    'http://10.0.0.1:9633',
    'https://anna:secret@db1:9633',
    'https://db1:9633/v1',
    'https://db1:9633?x',
    'file:///etc/passwd',
    'https://db1:9633,http://db2:9633',
  ])('refuses %j: a token goes over TLS, or stays on the host', (given) => {
    expect(agentAddresses.parse(given)).toBeUndefined();
  });
});
