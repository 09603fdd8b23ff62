import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { leavesOf } from './helm-page.ts';
import { VALUE_ROWS } from './value-rows.ts';
import { casPostgresSchema, patroniSchema } from './values-schema.ts';

const CHARTS = join(import.meta.dirname, '../../../deploy/helm');
const valuesOf = (chart: string): unknown => parse(readFileSync(join(CHARTS, chart, 'values.yaml'), 'utf8'));
const paths = VALUE_ROWS.map(({ path }) => path);

/** The row that a value belongs to: its own, or that of the free object it is in. */
function hasRow(path: string): boolean {
  return paths.some((row) => path === row || path.startsWith(`${row}.`));
}

describe('the table of values', () => {
  test('has every value of the chart, and no other', () => {
    const leaves = leavesOf(valuesOf('patroni')).map(([path]) => path);
    expect(leaves.filter((path) => !hasRow(path))).toEqual([]);
    const isThere = (row: string): boolean => leaves.some((path) => path === row || path.startsWith(`${row}.`));
    expect(paths.filter((row) => !isThere(row))).toEqual([]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('has every value that cas-postgres sets', () => {
    const { patroni } = Object(valuesOf('cas-postgres'));
    expect(
      leavesOf(patroni)
        .map(([path]) => path)
        .filter((path) => !hasRow(path)),
    ).toEqual([]);
  });
});

describe('the schemas', () => {
  test('refuse values that nobody knows, and variables that the container refuses', () => {
    const schema: unknown = JSON.parse(patroniSchema());
    expect(schema).toMatchObject({
      additionalProperties: false,
      properties: {
        walE: { additionalProperties: false, properties: { gcsBucket: { type: ['string', 'null'] } } },
        env: { properties: { CRONTAB: { enum: ['', null, '[]'] }, crontab: { enum: ['', null, '[]'] } } },
      },
    });
  });

  test('let through what cas-postgres had of its own', () => {
    expect(JSON.parse(casPostgresSchema())).toMatchObject({ properties: { casShelf: {}, namespace: {}, gcs: {} } });
  });
});
