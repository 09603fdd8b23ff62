import { afterAll, describe, expect, it } from 'vitest';

import { NameBook } from '../../src/history/names/name-book.ts';
import { databasesOf, readCatalog } from '../../src/instance/read-catalog.ts';
import type { CatalogSnapshot } from '../../src/postgres/catalog-snapshot.ts';
import type { Lsn } from '../../src/postgres/lsn.ts';
import {
  currentLsn,
  followNames,
  namesByBook,
  segmentIndexes,
  shownNames,
  type ShownNames,
} from '../support/followed-names.ts';
import { BEFORE, change, namingChanges } from '../support/naming-changes.ts';
import { MAJORS, startPostgres, type TestServer } from '../support/postgres.ts';

interface Followed {
  readonly server: TestServer;
  /** Right after a checkpoint: every page's first change logs the page. */
  readonly fromLsn: Lsn;
  readonly before: CatalogSnapshot;
  readonly inBetween: CatalogSnapshot;
  readonly behind: CatalogSnapshot;
  /** What SQL showed after each change. */
  readonly shown: readonly ShownNames[];
  /** Of the one that `inBetween` was taken behind. */
  readonly middle: ShownNames;
}

const MIDDLE = 12;

async function databasesNow(server: TestServer): Promise<string[]> {
  const rows = await server.sql<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY oid',
  );
  return rows.map(({ name }) => name);
}

async function follow(major: number): Promise<Followed> {
  const walLevel = major % 2 === 0 ? 'replica' : 'logical';
  const settings = { max_prepared_transactions: 5, wal_level: walLevel, autovacuum: 'off', wal_keep_size: "'1GB'" };
  const server = await startPostgres({ major, settings });
  await server.sql('CREATE DATABASE other');
  for (const one of BEFORE) await change(server, one);
  const connect = databasesOf({ host: server.socketDirectory, port: 5432, user: 'postgres', database: 'postgres' });
  await server.sql('CHECKPOINT');
  const fromLsn = await currentLsn(server);
  const before = await readCatalog(connect);
  let inBetween = before;
  const shown: ShownNames[] = [];
  for (const [index, one] of namingChanges(major).entries()) {
    await change(server, one);
    shown.push(await shownNames(server, await databasesNow(server), one.statements.join('; ')));
    if (index === MIDDLE) inBetween = await readCatalog(connect);
  }
  const middle = shown[MIDDLE];
  if (middle === undefined) throw new Error('there is no middle');
  return { server, fromLsn, before, inBetween, behind: await readCatalog(connect), shown, middle };
}

function expectEqual(book: NameBook, shown: readonly ShownNames[]): void {
  for (const names of shown) {
    const found = namesByBook(book, names);
    const differences = names.relations.flatMap((relation, index) =>
      JSON.stringify(found[index]) === JSON.stringify(relation) ? [] : [{ sql: relation, wal: found[index] }],
    );
    expect({ after: names.after, differences }).toEqual({ after: names.after, differences: [] });
  }
}

const servers: TestServer[] = [];
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

describe.each(MAJORS)('names of PostgreSQL %i', (major) => {
  let followed: Followed;

  it('follow every change from a snapshot, through the WAL alone', async () => {
    followed = await follow(major);
    servers.push(followed.server);
    const book = new NameBook();
    book.addSnapshot(followed.before);
    const indexes = await segmentIndexes(followed.server, book, followed.fromLsn);
    followNames(book, indexes, followed.fromLsn);
    expect(followed.shown.length).toBe(namingChanges(major).length);
    expectEqual(book, followed.shown);
  });

  it('are found without any snapshot for all that changed since a checkpoint', async () => {
    const book = new NameBook();
    const indexes = await segmentIndexes(followed.server, book, followed.fromLsn);
    followNames(book, indexes, followed.fromLsn);
    const before = new Map(
      followed.before.databases.flatMap(({ oid, relations }) => relations.map((row) => [`${oid}/${row.oid}`, row])),
    );
    const changed = followed.shown.map((names) => ({
      ...names,
      relations: names.relations.filter(({ databaseOid, oid, filenode, name }) => {
        const old = before.get(`${databaseOid}/${oid}`);
        return (
          oid >= 16_384 && (old === undefined || (old.filenode !== filenode && old.filenode !== 0) || old.name !== name)
        );
      }),
    }));
    expect(changed.some(({ relations }) => relations.length > 20)).toBe(true);
    expectEqual(book, changed);
  });

  it('start in the middle, from a snapshot of which no page was logged since', async () => {
    const { inBetween, middle, shown } = followed;
    const book = new NameBook();
    book.addSnapshot(inBetween);
    const fromLsn = inBetween.databases.map(({ lsn }) => lsn).reduce((a, b) => (a > b ? a : b));
    followNames(book, await segmentIndexes(followed.server, book, fromLsn), fromLsn);
    expectEqual(book, shown.slice(shown.indexOf(middle)));
  });

  it('are those of a later snapshot where nothing was followed, for files that it still has', async () => {
    const book = new NameBook();
    book.addSnapshot(followed.behind);
    const last = followed.shown.at(-1);
    expectEqual(book, last === undefined ? [] : [last]);
    const file = followed.before.databases.find(({ name }) => name === 'postgres');
    const kept = file?.relations.find(({ name }) => name === 'many_20');
    const names = book.ofFile(
      { tablespaceOid: 1663, databaseOid: file?.oid ?? 0, filenode: kept?.filenode ?? 0 },
      followed.fromLsn,
    );
    expect(names?.name).toBe('many_20');
  });
});
