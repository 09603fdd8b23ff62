/**
 * `DatabasesByNames` of a backup's list of files: by which a part of a backup is restored by the names of databases and
 * tables.
 *
 * Named are relations with files, and partitioned tables, which have none, with the tables that inherit from them at all
 * levels. A database that could not be read is left out.
 *
 * Source: WAL-G `internal/databases/postgres/databases_by_names.go`.
 *
 * @module
 */

import type { ClassRow } from '../postgres/catalog-rows.ts';
import type { CatalogSnapshot, DatabaseCatalog } from '../postgres/catalog-snapshot.ts';
import type { JsonObject } from '../walg/json64.ts';

const PARTITIONED = new Set(['p', 'I']);

/** What WAL-G would have written. */
export function databasesByNames({ databases }: Pick<CatalogSnapshot, 'databases'>): JsonObject {
  const named = databases.filter(({ problem }) => problem === undefined);
  return Object.fromEntries(
    named.map((database) => [database.name, { oid: database.oid, tables_new: tablesOf(database) }]),
  );
}

function tablesOf({ relations, schemas, parents, mapped }: DatabaseCatalog): JsonObject {
  const schemaNames = new Map(schemas.map(({ oid, name }) => [oid, name]));
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const mappedFiles = new Map(mapped.map(({ oid, filenode }) => [oid, filenode]));
  const children = new Map<number, number[]>();
  for (const { oid, parentOid } of parents) children.set(parentOid, [...(children.get(parentOid) ?? []), oid]);

  const nameOf = ({ schemaOid, name }: ClassRow): string => `${schemaNames.get(schemaOid) ?? schemaOid}.${name}`;
  const fileOf = ({ oid, filenode }: ClassRow): number => (filenode === 0 ? (mappedFiles.get(oid) ?? 0) : filenode);
  const describe = (relation: ClassRow): JsonObject => ({ oid: relation.oid, relfilenode: fileOf(relation) });
  const descendants = (oid: number, seen = new Set<number>()): ClassRow[] =>
    (children.get(oid) ?? []).flatMap((child) => {
      const relation = byOid.get(child);
      if (relation === undefined || seen.has(child)) return [];
      seen.add(child);
      return [relation, ...descendants(child, seen)];
    });

  const tables: Record<string, JsonObject> = {};
  for (const relation of relations) {
    if (fileOf(relation) === 0 && !PARTITIONED.has(relation.kind)) continue;
    const below = descendants(relation.oid).map((child): [string, JsonObject] => [nameOf(child), describe(child)]);
    tables[nameOf(relation)] = {
      ...describe(relation),
      ...(below.length === 0 ? {} : { subtables: Object.fromEntries(below) }),
    };
  }
  return tables;
}
