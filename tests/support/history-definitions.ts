/**
 * Statements of the history workload that define: each session has tables and materialized views of its own for them.
 *
 * In one transaction a table is defined anew at most once, and after a rewrite no rows of it change: WAL does not tell
 * those from the rows that the rewrite itself wrote.
 *
 * @module
 */

import { counted, numberIn, rowCount, type Maker, type Statement } from './history-statement.ts';

/** A table or materialized view of a session. */
export interface OwnRelation {
  readonly name: string;
  readonly kind: 'table' | 'unlogged' | 'view';
  /** Bumped with every change of a column. */
  readonly version: number;
  /** The type of a table's column `n`. */
  readonly type: 'int' | 'bigint';
  /** The table that a view shows. */
  readonly of: string | undefined;
}

/** A session's own relations, and those that its open transaction has changed. Immutable: a rollback goes back to the one before. */
export interface OwnRelations {
  readonly all: ReadonlyMap<string, OwnRelation>;
  readonly touched: ReadonlySet<string>;
}

export const NO_RELATIONS: OwnRelations = { all: new Map(), touched: new Set() };

/** Statements, and the relations that there are behind them. */
export interface Defined {
  readonly statements: readonly Statement[];
  readonly relations: OwnRelations;
}

type Definer = (maker: Maker, relations: OwnRelations, relation: OwnRelation) => Defined;

function withRelation(relations: OwnRelations, name: string, relation: OwnRelation | undefined): OwnRelations {
  const all = new Map(relations.all);
  all.delete(name);
  if (relation !== undefined) all.set(relation.name, relation);
  return { all, touched: new Set([...relations.touched, name, relation?.name ?? name]) };
}

const defines = (sql: string, kind: string, name: string): Statement => ({
  sql,
  note: (_, ledger) => ledger.define(kind, name),
});

/** Some rows into an own table. Those of an unlogged one are nowhere in WAL. */
function fill({ random, nextKey }: Maker, { name, kind }: OwnRelation): Statement[] {
  const keys = Array.from({ length: random.between(1, 15) }, nextKey);
  const sql = `INSERT INTO ${name} (id) SELECT unnest('{${keys.join()}}'::bigint[])`;
  return [kind === 'unlogged' ? { sql } : counted(sql, name, 'inserted')];
}

const sometimes = (maker: Maker, make: () => Statement[]): Statement[] => (maker.random.chance(0.5) ? make() : []);

/** A new table, with or without TOAST and keys; often filled in the same transaction. */
export function createTable(maker: Maker, relations: OwnRelations, name: string): Defined {
  const { random } = maker;
  const kind = random.chance(0.12) ? 'unlogged' : 'table';
  const relation: OwnRelation = { name, kind, version: 0, type: 'int', of: undefined };
  const columns = random.pick(['id bigint, n int', 'id bigint, n int, body text', 'id bigint PRIMARY KEY, n int']);
  return {
    statements: [
      defines(`CREATE ${kind === 'unlogged' ? 'UNLOGGED ' : ''}TABLE ${name} (${columns})`, 'create', name),
      ...sometimes(maker, () => fill(maker, relation)),
    ],
    relations: withRelation(relations, name, relation),
  };
}

/** CREATE TABLE AS, SELECT INTO. */
export function createTableAs({ random }: Maker, relations: OwnRelations, name: string): Defined {
  const select = `SELECT g::bigint AS id, g AS n %s FROM generate_series(1, ${random.between(1, 60)}) AS g`;
  const sql = random.chance(0.6)
    ? `CREATE TABLE ${name} AS ${select.replace('%s', '')}`
    : select.replace('%s', `INTO ${name}`);
  return {
    statements: [{ sql, note: (answer, ledger) => ledger.define('createAs', name, rowCount(answer)) }],
    relations: withRelation(relations, name, { name, kind: 'table', version: 0, type: 'int', of: undefined }),
  };
}

/** Defined with as many rows as there are; those of an unlogged table are nowhere in WAL. */
const withRows = ({ name, kind }: OwnRelation, definition: string): Statement => ({
  sql: `SELECT count(*)::int AS n FROM ${name}`,
  note: (answer, ledger) => ledger.define(definition, name, kind === 'unlogged' ? undefined : numberIn(answer, 'n')),
});

/** A view of a table that is not touched in the transaction; with an index, so that it can be refreshed in both ways. */
export function createView(relations: OwnRelations, of: OwnRelation): Defined {
  const name = `${of.name}_view`;
  return {
    statements: [
      {
        sql: `CREATE MATERIALIZED VIEW ${name} AS SELECT id, sum(n) AS n FROM ${of.name} GROUP BY id`,
        note: (answer, ledger) =>
          rowCount(answer) === 0 ? ledger.define('create', name) : ledger.define('createAs', name, rowCount(answer)),
      },
      defines(`CREATE UNIQUE INDEX ON ${name} (id)`, 'create', `${name}_id_idx`),
    ],
    relations: withRelation(relations, name, { name, kind: 'view', version: 0, type: 'bigint', of: of.name }),
  };
}

const refresh: Definer = ({ random, isToBePrepared }, relations, relation) => {
  const { name, of } = relation;
  const touched = withRelation(relations, name, relation);
  const select = `SELECT id, sum(n) AS n FROM ${of} GROUP BY id`;
  if (isToBePrepared || random.chance(0.5)) {
    const statements = [{ sql: `REFRESH MATERIALIZED VIEW ${name}` }, withRows(relation, 'refresh')];
    return { statements, relations: touched };
  }
  const differing = (one: string, other: string) => `(SELECT count(*) FROM (${one} EXCEPT ALL ${other}) AS d)::int`;
  return {
    statements: [
      {
        sql: `SELECT ${differing(`TABLE ${name}`, select)} AS gone, ${differing(select, `TABLE ${name}`)} AS come`,
        note: (answer, ledger) =>
          ledger.add(name, { deleted: numberIn(answer, 'gone'), inserted: numberIn(answer, 'come') }),
      },
      { sql: `REFRESH MATERIALIZED VIEW CONCURRENTLY ${name}` },
    ],
    relations: touched,
  };
};

const truncate: Definer = (maker, relations, relation) => ({
  statements: [
    ...sometimes(maker, () => fill(maker, relation)),
    defines(`TRUNCATE ${relation.name}`, 'truncate', relation.name),
    ...sometimes(maker, () => fill(maker, relation)),
  ],
  relations: withRelation(relations, relation.name, relation),
});

const drop: Definer = (maker, relations, relation) => ({
  statements: [
    ...sometimes(maker, () => (relation.kind === 'view' ? [] : fill(maker, relation))),
    defines(`DROP ${relation.kind === 'view' ? 'MATERIALIZED VIEW' : 'TABLE'} ${relation.name}`, 'drop', relation.name),
  ],
  relations: withRelation(relations, relation.name, undefined),
});

/** Every row is written again. */
const rewrite: Definer = (maker, relations, relation) => {
  const { name, version } = relation;
  const changesType = maker.random.chance(0.6);
  const type = changesType === (relation.type === 'int') ? 'bigint' : 'int';
  const sql = changesType
    ? `ALTER TABLE ${name} ALTER COLUMN n TYPE ${type}`
    : `ALTER TABLE ${name} ADD COLUMN added_${version} double precision DEFAULT random()`;
  return {
    statements: [...sometimes(maker, () => fill(maker, relation)), { sql }, withRows(relation, 'rewrite')],
    relations: withRelation(relations, name, { ...relation, type, version: version + 1 }),
  };
};

const rename: Definer = (_, relations, relation) => {
  const name = relation.name.endsWith('x') ? relation.name.slice(0, -1) : `${relation.name}x`;
  return {
    statements: [defines(`ALTER TABLE ${relation.name} RENAME TO ${name.replace('shop.', '')}`, 'rename', name)],
    relations: withRelation(relations, relation.name, { ...relation, name }),
  };
};

const alter: Definer = ({ random }, relations, relation) => {
  const { name, version } = relation;
  const column = `ADD COLUMN constant_${version} int DEFAULT 7`;
  const sql = `ALTER TABLE ${name} ${random.pick([column, 'SET (fillfactor = 70)'])}`;
  return {
    statements: [defines(sql, 'alter', name)],
    relations: withRelation(relations, name, { ...relation, version: version + 1 }),
  };
};

const index: Definer = (_, relations, relation) => {
  const name = `${relation.name}_i${relation.version}`;
  return {
    statements: [defines(`CREATE INDEX ${name.replace('shop.', '')} ON ${relation.name} (n)`, 'create', name)],
    relations: withRelation(relations, relation.name, { ...relation, version: relation.version + 1 }),
  };
};

const TABLE_DEFINERS = [truncate, truncate, truncate, drop, drop, rewrite, rewrite, rename, alter, index];

/** One change to a relation. */
export function changeRelation(maker: Maker, relations: OwnRelations, relation: OwnRelation): Defined {
  if (relation.kind === 'view') return maker.random.pick([refresh, refresh, drop])(maker, relations, relation);
  const hasView = [...relations.all.values()].some(({ of }) => of === relation.name);
  // A table that a view shows can neither be dropped nor get other columns.
  return (hasView ? truncate : maker.random.pick(TABLE_DEFINERS))(maker, relations, relation);
}
