/**
 * values.schema.json of the charts: helm refuses by it what cannot work, before anything is changed.
 *
 * @module
 */

import { CONTAINER_VARIABLES } from '../../../src/container/variables.ts';
import { VALUE_ROWS, type Schema } from './value-rows.ts';

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** A variable that is refused may only be set to what asks for nothing. The container would not start with anything else. */
function refusedVariables(): Record<string, Schema> {
  const refused = [...CONTAINER_VARIABLES.values()].flatMap(({ name, refused: why }): [string, Schema][] => {
    if (why === undefined) return [];
    const schema = { description: `${why.why}. ${why.instead}`, enum: ['', null, ...(why.unless ?? [])] };
    return [...new Set([name, name.toLowerCase()])].map((spelling) => [spelling, schema]);
  });
  return Object.fromEntries(refused.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Puts a schema at its path in a tree of objects. */
function put(tree: Record<string, unknown>, path: readonly string[], schema: Schema): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    tree[key] = schema;
    return;
  }
  const found = tree[key];
  const branch: Record<string, unknown> =
    typeof found === 'object' && found !== null
      ? Object(found)
      : { type: 'object', additionalProperties: false, properties: {} };
  tree[key] = branch;
  put(Object(branch['properties']), rest, schema);
}

/** The schema of the chart patroni. */
export function patroniSchema(): string {
  const properties: Record<string, unknown> = {
    global: { description: 'What charts above share.', type: ['object', 'null'] },
  };
  for (const { path, schema, summary } of VALUE_ROWS) {
    const variables = path === 'env' ? { properties: refusedVariables() } : {};
    put(properties, path.split('.'), { description: summary, ...schema, ...variables });
  }
  return written({ $schema: DRAFT, type: 'object', additionalProperties: false, properties });
}

/** The schema of cas-postgres: what it had of its own has no effect any more, and is let through. */
export function casPostgresSchema(): string {
  const gone = { description: 'Has no effect: bucket and Secrets are made by walkback bucket provision.' };
  const properties = {
    global: { description: 'What charts above share.', type: ['object', 'null'] },
    patroni: { description: 'The values of the chart patroni.', type: 'object' },
    casShelf: gone,
    namespace: gone,
    gcs: gone,
  };
  return written({ $schema: DRAFT, type: 'object', additionalProperties: false, properties });
}

function written(schema: Schema): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
