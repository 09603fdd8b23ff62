/**
 * A snapshot of the catalogs as JSON: rows as lists of their columns, LSNs and 64-bit numbers as text.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { InheritsRow, NamedRow } from '../postgres/catalog-rows.ts';
import type { CatalogSnapshot, DatabaseCatalog, PlacedClassRow, RowPlace } from '../postgres/catalog-snapshot.ts';
import { formatLsn, parseLsn, type Lsn } from '../postgres/lsn.ts';
import { versionByMajor } from '../postgres/versions.ts';

type Placed<T> = T & { readonly place: RowPlace };
type Cell = string | number | boolean | null;

function placeCells({ block, offset, dataBytes }: RowPlace): Cell[] {
  return [block, offset, dataBytes];
}

function namedCells(row: Placed<NamedRow>): Cell[] {
  return [...placeCells(row.place), row.oid, row.name];
}

function parentCells(row: Placed<InheritsRow>): Cell[] {
  return [...placeCells(row.place), row.oid, row.parentOid, row.sequence];
}

function relationCells(row: PlacedClassRow): Cell[] {
  const numbers = [row.schemaOid, row.typeOid, row.ofTypeOid, row.ownerOid, row.accessMethodOid, row.filenode];
  const sizes = [row.tablespaceOid, row.pages, row.allVisiblePages, row.allFrozenPages, row.toastOid];
  const words = [row.estimatedRows ?? null, row.hasIndex, row.isShared, row.persistence, row.kind];
  return [...namedCells(row), ...numbers, ...sizes, ...words];
}

/** The text of a snapshot. */
export function formatCatalogSnapshot(snapshot: CatalogSnapshot): string {
  const databases = snapshot.databases.map(({ place, lsn, schemas, relations, parents, mapped, ...rest }) => ({
    ...rest,
    problem: rest.problem ?? null,
    place: placeCells(place),
    lsn: formatLsn(lsn),
    schemas: schemas.map(namedCells),
    relations: relations.map(relationCells),
    parents: parents.map(parentCells),
    mapped: mapped.map(({ oid, filenode }) => [oid, filenode]),
  }));
  const { systemIdentifier, major, timeline, lsn, takenAtUs } = snapshot;
  const head = { systemIdentifier: `${systemIdentifier}`, major, timeline, lsn: formatLsn(lsn) };
  return JSON.stringify({ ...head, takenAtUs: `${takenAtUs}`, databases });
}

/** Takes the JSON of an object apart; nothing in it is believed to be of the right type. */
class JsonReader {
  readonly #object: string;

  constructor(object: string) {
    this.#object = object;
  }

  fail(what: string): never {
    throw new Failure('corrupt', {
      message: `cannot read ${this.#object}: ${what} is not what belongs there`,
      remedy: 'Delete the object: names are then taken from others, and from the WAL.',
    });
  }

  member(value: unknown, name: string): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.fail(`what should hold ${name}`);
    return Object.entries(value).find(([key]) => key === name)?.[1];
  }

  list(value: unknown, what: string): unknown[] {
    return Array.isArray(value) ? value : this.fail(what);
  }

  text(value: unknown, what: string): string {
    return typeof value === 'string' ? value : this.fail(what);
  }

  /** A whole number of at most 32 bits, signed or not. */
  number(value: unknown, what: string): number {
    const isNumber = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 0xffff_ffff;
    return isNumber ? value : this.fail(what);
  }

  flag(value: unknown, what: string): boolean {
    return typeof value === 'boolean' ? value : this.fail(what);
  }

  bigint(value: unknown, what: string): bigint {
    const text = this.text(value, what);
    return /^\d{1,20}$/.test(text) ? BigInt(text) : this.fail(what);
  }

  lsn(value: unknown): Lsn {
    return parseLsn(this.text(value, 'lsn')) ?? this.fail('lsn');
  }

  place(cells: readonly unknown[]): RowPlace {
    const [block, offset, dataBytes] = cells.slice(0, 3).map((cell) => this.number(cell, 'the place of a row'));
    return { block: block ?? 0, offset: offset ?? 0, dataBytes: dataBytes ?? 0 };
  }

  named(value: unknown): Placed<NamedRow> {
    const cells = this.list(value, 'a row');
    return { place: this.place(cells), oid: this.number(cells[3], 'an oid'), name: this.text(cells[4], 'a name') };
  }

  parent(value: unknown): Placed<InheritsRow> {
    const cells = this.list(value, 'a row of parents');
    const [oid = 0, parentOid = 0, sequence = 0] = [3, 4, 5].map((at) => this.number(cells[at], 'a row of parents'));
    return { place: this.place(cells), oid, parentOid, sequence };
  }

  relation(value: unknown): PlacedClassRow {
    const cells = this.list(value, 'a relation');
    const number = (at: number): number => this.number(cells[at], 'a relation');
    const rows = cells[16];
    return {
      ...this.named(cells),
      schemaOid: number(5),
      typeOid: number(6),
      ofTypeOid: number(7),
      ownerOid: number(8),
      accessMethodOid: number(9),
      filenode: number(10),
      tablespaceOid: number(11),
      pages: number(12),
      allVisiblePages: number(13),
      allFrozenPages: number(14),
      toastOid: number(15),
      estimatedRows: rows === null ? undefined : typeof rows === 'number' ? rows : this.fail('a number of rows'),
      hasIndex: this.flag(cells[17], 'a relation'),
      isShared: this.flag(cells[18], 'a relation'),
      persistence: this.text(cells[19], 'a relation'),
      kind: this.text(cells[20], 'a relation'),
    };
  }

  database(value: unknown): DatabaseCatalog {
    const member = (name: string): unknown => this.member(value, name);
    const list = (name: string): unknown[] => this.list(member(name), name);
    const snapshot = member('snapshot');
    const problem = member('problem');
    return {
      oid: this.number(member('oid'), 'an oid'),
      name: this.text(member('name'), 'a name'),
      place: this.place(list('place')),
      tablespaceOid: this.number(member('tablespaceOid'), 'an oid'),
      problem: problem === null ? undefined : this.text(problem, 'problem'),
      lsn: this.lsn(member('lsn')),
      snapshot: {
        xmax: this.number(this.member(snapshot, 'xmax'), 'xmax'),
        running: this.list(this.member(snapshot, 'running'), 'running').map((xid) => this.number(xid, 'running')),
      },
      schemas: list('schemas').map((row) => this.named(row)),
      relations: list('relations').map((row) => this.relation(row)),
      parents: list('parents').map((row) => this.parent(row)),
      mapped: list('mapped').map((row) => this.#mapping(this.list(row, 'mapped'))),
    };
  }

  #mapping([oid, filenode]: readonly unknown[]): DatabaseCatalog['mapped'][number] {
    return { oid: this.number(oid, 'mapped'), filenode: this.number(filenode, 'mapped') };
  }
}

/**
 * Reads a snapshot.
 *
 * @param object its key, for messages.
 * @throws {Failure} `corrupt` if a member is missing or of another type; `refused` for an unknown major.
 */
export function parseCatalogSnapshot(text: string, object: string): CatalogSnapshot {
  const reader = new JsonReader(object);
  const value = parseJson(text, reader);
  const member = (name: string): unknown => reader.member(value, name);
  return {
    systemIdentifier: reader.bigint(member('systemIdentifier'), 'systemIdentifier'),
    major: versionByMajor(reader.number(member('major'), 'major')).major,
    timeline: reader.number(member('timeline'), 'timeline'),
    lsn: reader.lsn(member('lsn')),
    takenAtUs: reader.bigint(member('takenAtUs'), 'takenAtUs'),
    databases: reader.list(member('databases'), 'databases').map((database) => reader.database(database)),
  };
}

function parseJson(text: string, reader: JsonReader): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return reader.fail('the text');
  }
}
