import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Backup } from '../backup/backup.ts';
import { lsn } from '../postgres/lsn.ts';
import type { FileDescription } from '../walg/files-metadata.ts';
import { decideLevels, type DescribedBackup } from './restore-levels.ts';

type Kind = 'whole' | 'increment' | 'skipped';

function backupNumbered(number: number): Backup {
  const time = new Date(number);
  return {
    name: `base_${number}`,
    timeline: 1,
    startLsn: lsn(BigInt(number)),
    finishLsn: lsn(BigInt(number)),
    startedAt: time,
    finishedAt: time,
    modifiedAt: time,
    pgVersionNum: 170_000,
    uncompressedSizeBytes: 0n,
    compressedSizeBytes: 0n,
    isPermanent: false,
    tablespaces: [],
    hostname: '',
    dataDirectory: '',
  };
}

function described(number: number, files: Readonly<Record<string, Kind>>, mtimeNs = 0n): DescribedBackup {
  const list = Object.entries(files).map(([name, kind]): [string, FileDescription] => [
    `/${name}`,
    { isIncremented: kind === 'increment', isSkipped: kind === 'skipped', mtimeNs, updatesCount: 0 },
  ]);
  return { backup: backupNumbered(number), metadata: { files: new Map(list), tarFileSets: new Map() } };
}

function wantedOf(chain: readonly DescribedBackup[], isWanted?: (name: string) => boolean) {
  return decideLevels(chain, isWanted).map(({ wanted }) => wanted && Object.fromEntries(wanted));
}

const CHAIN = [
  described(0, { a: 'whole', b: 'whole', dropped: 'whole', rewritten: 'whole' }),
  described(1, { a: 'increment', b: 'skipped', rewritten: 'increment', late: 'whole' }),
  described(2, { a: 'increment', b: 'skipped', rewritten: 'whole', late: 'skipped' }),
];

describe('what the backups of a chain give', () => {
  it('is each file whole from the newest that has it whole, and the increments behind that', () => {
    expect(wantedOf(CHAIN)).toEqual([
      { a: 'whole', b: 'whole' },
      { a: 'increment', late: 'whole' },
      { a: 'increment', rewritten: 'whole' },
    ]);
  });

  it('is a file from a backup before, also where its time has changed: WAL-G may know from WAL that its pages have not', () => {
    const chain = [
      described(0, { a: 'whole', b: 'whole' }, 10n),
      described(1, { a: 'increment', b: 'skipped' }, 20n),
      described(2, { a: 'skipped', b: 'skipped' }, 30n),
    ];
    expect(wantedOf(chain)).toEqual([{ a: 'whole', b: 'whole' }, { a: 'increment' }, {}]);
  });

  it('is everything, also what is not listed, of a full backup alone', () => {
    expect(wantedOf(CHAIN.slice(0, 1))).toEqual([undefined]);
  });

  it('is only what is asked for', () => {
    expect(wantedOf(CHAIN, (name) => name === 'late')).toEqual([{}, { late: 'whole' }, {}]);
    expect(wantedOf(CHAIN.slice(0, 1), (name) => name === 'b')).toEqual([{ b: 'whole' }]);
  });

  it('may begin with an old full backup without a list, but not go through one', () => {
    const [root, first, second] = CHAIN;
    if (root === undefined || first === undefined || second === undefined) throw new Error('a chain of three');
    expect(wantedOf([{ ...root, metadata: undefined }, first])).toEqual([
      { a: 'whole', b: 'whole', rewritten: 'whole' },
      { a: 'increment', rewritten: 'increment', late: 'whole' },
    ]);
    expect(() => wantedOf([root, { ...first, metadata: undefined }, second])).toThrow(
      'base_1: it has no list of files',
    );
  });

  it('is refused where a list contradicts itself or the one before', () => {
    expect(() => wantedOf([described(0, {}), described(1, { a: 'increment' })])).toThrow(
      'base_0: it does not list "a"',
    );
    expect(() => wantedOf([described(0, { a: 'skipped' })])).toThrow('base_0: its list says that "a"');
    const both = described(1, { a: 'skipped' });
    const file = { isIncremented: true, isSkipped: true, mtimeNs: 0n, updatesCount: 0 };
    const listed = { files: new Map([['/a', file]]), tarFileSets: new Map() };
    expect(() => wantedOf([described(0, { a: 'whole' }), { ...both, metadata: listed }])).toThrow('contradicts itself');
    expect(() => wantedOf([described(0, { '../etc/passwd': 'whole' })])).toThrow('leads out of the data directory');
  });

  it('gives every file exactly once whole, whatever happened to it', () => {
    const kinds = fc.constantFrom<Kind>('whole', 'increment', 'skipped');
    const life = fc.record({
      born: fc.nat(4),
      later: fc.array(kinds, { minLength: 5, maxLength: 5 }),
      isDropped: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(life, { maxLength: 8 }), (lives) => {
        const chain = [0, 1, 2, 3, 4].map((number) => {
          const there = lives.flatMap(({ born, later, isDropped }, file): [string, Kind][] =>
            number < born || (isDropped && number === 4)
              ? []
              : [[`f${file}`, number === born ? 'whole' : (later[number] ?? 'whole')]],
          );
          return described(number, Object.fromEntries(there));
        });
        const levels = wantedOf(chain);
        for (const [file, { born, later, isDropped }] of lives.entries()) {
          const takings = levels.map((level) => level?.[`f${file}`]);
          const at = isDropped ? -1 : Math.max(born, ...[1, 2, 3, 4].filter((n) => n > born && later[n] === 'whole'));
          const model = levels.map((_level, n) =>
            at === -1 || n < at ? undefined : n === at ? 'whole' : later[n] === 'increment' ? 'increment' : undefined,
          );
          expect(takings).toEqual(model);
        }
      }),
    );
  });
});
