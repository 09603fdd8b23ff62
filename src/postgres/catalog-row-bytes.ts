/**
 * The column data of catalog rows as pages hold it, made of what SQL says of them: the inverse of `parseCatalogRow`.
 *
 * Source: as there.
 *
 * @module
 */

import { neededRowBytes, type InheritsRow, type NamedRow } from './catalog-rows.ts';
import type { PlacedClassRow } from './catalog-snapshot.ts';
import type { Major } from './versions.ts';

/** `NAMEDATALEN`, the closing zero included. */
const NAME_BYTES = 64;

/** Writes a name; false if its bytes depend on the database's encoding. */
function writeName(data: Buffer, name: string): boolean {
  const isAscii = Buffer.byteLength(name) === name.length;
  if (!isAscii || name.length >= NAME_BYTES) return false;
  data.write(name, 4, 'latin1');
  return true;
}

/** A row of `pg_namespace` or `pg_database`; `undefined` for a name that is not ASCII. */
export function encodeNamedRow({ oid, name }: NamedRow): Buffer | undefined {
  const data = Buffer.alloc(4 + NAME_BYTES);
  data.writeUInt32LE(oid, 0);
  return writeName(data, name) ? data : undefined;
}

/** A row of `pg_inherits`. */
export function encodeInheritsRow({ oid, parentOid, sequence }: InheritsRow): Buffer {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(oid, 0);
  data.writeUInt32LE(parentOid, 4);
  data.writeInt32LE(sequence, 8);
  return data;
}

/** A row of `pg_class`; `undefined` for a name that is not ASCII. */
export function encodeClassRow(row: PlacedClassRow, major: Major): Buffer | undefined {
  const data = Buffer.alloc(neededRowBytes('pg_class', major));
  if (!writeName(data, row.name)) return undefined;
  const oids = [row.schemaOid, row.typeOid, row.ofTypeOid, row.ownerOid, row.accessMethodOid];
  data.writeUInt32LE(row.oid, 0);
  for (const [index, oid] of [...oids, row.filenode, row.tablespaceOid].entries()) {
    data.writeUInt32LE(oid, 68 + 4 * index);
  }
  data.writeInt32LE(row.pages, 96);
  data.writeFloatLE(row.estimatedRows ?? -1, 100);
  data.writeInt32LE(row.allVisiblePages, 104);
  const moved = major >= 18 ? 4 : 0;
  if (moved > 0) data.writeInt32LE(row.allFrozenPages, 108);
  data.writeUInt32LE(row.toastOid, 108 + moved);
  data[112 + moved] = Number(row.hasIndex);
  data[113 + moved] = Number(row.isShared);
  data.write(row.persistence + row.kind, 114 + moved, 'latin1');
  return data;
}
