/**
 * How values of each shape stand in an index: each is written and read by the same description, and the compiler refuses
 * a description that leaves a member out.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { RelationFile } from '../postgres/relation-file.ts';
import type { IndexReader } from './index-reader.ts';
import type { IndexWriter } from './index-writer.ts';

const LSN_LIMIT = 1n << 64n;

/** How one kind of value is written and read. `read` throws a `corrupt` failure for what cannot be one. */
export interface Field<T> {
  readonly write: (out: IndexWriter, value: T) => void;
  readonly read: (from: IndexReader) => T;
}

/** A field for every member of a value. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** oids, transaction numbers, blocks. */
export const unsigned32: Field<number> = {
  write: (out, value) => out.unsigned(value),
  read: (from) => from.unsigned32(),
};

/** 0 to 2^53 - 1. */
export const unsigned: Field<number> = {
  write: (out, value) => out.unsigned(value),
  read: (from) => from.unsigned(),
};

/** less than 2^52, of either sign. */
export const signed: Field<number> = {
  write: (out, value) => out.signed(value),
  read: (from) => from.signed(),
};

/** 64 bits with a sign: times. */
export const signed64: Field<bigint> = {
  write: (out, value) => out.signedBig(value),
  read: (from) => from.signedBig(),
};

/** 64 bits without one. */
export const unsigned64: Field<bigint> = {
  write: (out, value) => out.unsignedBig(value),
  read: (from) => {
    const value = from.unsignedBig();
    if (value >= 1n << 64n) throw from.problem('a number of more than 64 bits');
    return value;
  },
};

/** A position in WAL. */
export const position: Field<Lsn> = {
  write: (out, value) => out.unsignedBig(value),
  read: (from) => asLsn(from.unsignedBig(), from),
};

/** A number as a position. @throws {Failure} `corrupt` if it is none. */
export function asLsn(value: bigint, from: IndexReader): Lsn {
  if (!isLsn(value)) throw from.problem('a position of more than 64 bits');
  return value;
}

function isLsn(value: bigint): value is Lsn {
  return value >= 0n && value < LSN_LIMIT;
}

/** True or false. */
export const flag: Field<boolean> = {
  write: (out, value) => out.unsigned(value ? 1 : 0),
  read: (from) => {
    const value = from.unsigned();
    if (value > 1) throw from.problem(`${value} where yes or no should be`);
    return value === 1;
  },
};

/** Words, in UTF-8. */
export const text: Field<string> = {
  write: (out, value) => out.bytes(Buffer.from(value, 'utf8')),
  read: (from) => from.bytes().toString('utf8'),
};

/** Bytes: in memory of their own when read. */
export const bytes: Field<Buffer> = {
  write: (out, value) => out.bytes(value),
  read: (from) => Buffer.from(from.bytes()),
};

/** A value that may be missing. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    write: (out, value) => {
      out.unsigned(value === undefined ? 0 : 1);
      if (value !== undefined) field.write(out, value);
    },
    read: (from) => (flag.read(from) ? field.read(from) : undefined),
  };
}

/** Any number of values, each of at least one byte. */
export function list<T>(field: Field<T>): Field<readonly T[]> {
  return {
    write: (out, values) => {
      out.unsigned(values.length);
      for (const value of values) field.write(out, value);
    },
    read: (from) => {
      const values: T[] = [];
      for (let left = from.count(); left > 0; left -= 1) values.push(field.read(from));
      return values;
    },
  };
}

/** One of a few words. The order is the format: new ones go behind. */
export function oneOf<T extends string>(...words: readonly T[]): Field<T> {
  return {
    write: (out, value) => out.unsigned(words.indexOf(value)),
    read: (from) => {
      const word = words[from.unsigned()];
      if (word === undefined) throw from.problem(`a number that stands for none of ${words.join(', ')}`);
      return word;
    },
  };
}

/** An object, member by member in the order given, which is the format. */
export function shape<T extends object>(fields: FieldsOf<T>): Field<T> {
  // What FieldsOf promises for each name, seen as a list.
  const members = Object.entries(fields) as unknown as readonly [keyof T & string, Field<unknown>][];
  return {
    write: (out, value) => {
      for (const [name, field] of members) field.write(out, value[name]);
    },
    read: (from) => {
      const value: Record<string, unknown> = {};
      for (const [name, field] of members) value[name] = field.read(from);
      return value as T;
    },
  };
}

/** A relation’s file. */
export const relationFile: Field<RelationFile> = shape<RelationFile>({
  tablespaceOid: unsigned32,
  databaseOid: unsigned32,
  filenode: unsigned32,
});
