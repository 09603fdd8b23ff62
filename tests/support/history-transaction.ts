/**
 * One random transaction of the history workload: made up whole, sent in one or two messages, and put down as the server
 * reported it.
 *
 * @module
 */

import type pg from 'pg';

import {
  changeRelation,
  createTable,
  createTableAs,
  createView,
  type Defined,
  type OwnRelations,
} from './history-definitions.ts';
import { Ledger } from './history-ledger.ts';
import { LINKED_FAMILIES } from './history-linked-rows.ts';
import { ROW_FAMILIES } from './history-rows.ts';
import type { Answer, Family, Maker, Statement } from './history-statement.ts';

/** What a transaction is made of, in order. */
type Step =
  | { readonly kind: 'statement'; readonly statement: Statement }
  | { readonly kind: 'savepoint' | 'release' | 'back'; readonly name: string };

/** A transaction that has not been sent. */
export interface PlannedTransaction {
  readonly steps: readonly Step[];
  /** The session's relations behind it, if it commits. */
  readonly relations: OwnRelations;
}

const MOST_OWN_RELATIONS = 5;
const MOST_SAVEPOINT_DEPTH = 3;

/** A choice of a family: its weight as often as it is listed. */
const FAMILIES: readonly Family[] = [...ROW_FAMILIES, ...LINKED_FAMILIES].flatMap(({ weight, family }) =>
  Array.from({ length: weight }, () => family),
);

/** Makes transactions up. */
class Planner {
  readonly #maker: Maker;
  readonly #nextTable: () => string;
  readonly #steps: Step[] = [];
  #savepoints = 0;

  constructor(maker: Maker, nextTable: () => string) {
    this.#maker = maker;
    this.#nextTable = nextTable;
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** Some steps; returns the relations behind them. */
  block(before: OwnRelations, depth: number, most: number): OwnRelations {
    const { random } = this.#maker;
    let relations = before;
    for (let left = random.between(1, most); left > 0; left--) {
      const roll = random.next();
      if (roll < 0.2 && depth < MOST_SAVEPOINT_DEPTH) relations = this.#savepoint(relations, depth);
      else if (roll < 0.29) relations = this.#define(relations);
      else this.#add(random.pick(FAMILIES)(this.#maker));
    }
    return relations;
  }

  #add(statements: readonly Statement[]): void {
    for (const statement of statements) this.#steps.push({ kind: 'statement', statement });
  }

  #savepoint(before: OwnRelations, depth: number): OwnRelations {
    const name = `s${++this.#savepoints}`;
    this.#steps.push({ kind: 'savepoint', name });
    const inside = this.block(before, depth + 1, 3);
    const goesBack = this.#maker.random.chance(0.4);
    if (goesBack) this.#steps.push({ kind: 'back', name });
    this.#steps.push({ kind: 'release', name });
    return goesBack ? before : inside;
  }

  #define(relations: OwnRelations): OwnRelations {
    const { statements, relations: behind } = this.#definition(relations);
    this.#add(statements);
    return behind;
  }

  #definition(relations: OwnRelations): Defined {
    const { random, isToBePrepared } = this.#maker;
    const free = [...relations.all.values()].filter(
      ({ name, of }) => !relations.touched.has(name) && !relations.touched.has(of ?? ''),
    );
    const roll = random.next();
    if (roll < 0.06)
      return { statements: random.pick([largeObject, ...(isToBePrepared ? [] : [temporary])]), relations };
    const relation = free.length === 0 ? undefined : random.pick(free);
    if (relation === undefined || (relations.all.size < MOST_OWN_RELATIONS && roll < 0.4))
      return random.pick([createTable, createTable, createTableAs])(this.#maker, relations, this.#nextTable());
    const hasView = relations.all.has(`${relation.name}_view`);
    if (relation.kind === 'table' && !hasView && roll < 0.5) return createView(relations, relation);
    return changeRelation(this.#maker, relations, relation);
  }
}

const largeObject: readonly Statement[] = [
  { sql: "SELECT lo_from_bytea(0, 'a large object')", note: (_, ledger) => ledger.define('largeObjects') },
];

/** Rows and a definition that leave no trace but in the catalogs. */
const temporary: readonly Statement[] = [
  { sql: 'CREATE TEMP TABLE passing (id int) ON COMMIT DROP' },
  { sql: 'INSERT INTO passing VALUES (1), (2)' },
  { sql: 'DROP TABLE passing' },
];

/** Makes up a transaction that changes rows and, now and then, definitions. */
export function planTransaction(maker: Maker, before: OwnRelations, nextTable: () => string): PlannedTransaction {
  const planner = new Planner(maker, nextTable);
  const relations = planner.block({ ...before, touched: new Set() }, 0, 4);
  return { steps: planner.steps, relations };
}

/** One that only adds rows: what a session may do while a prepared transaction of its own holds locks. */
export function planInsert(maker: Maker, family: Family, relations: OwnRelations): PlannedTransaction {
  return { steps: family(maker).map((statement) => ({ kind: 'statement', statement })), relations };
}

function sqlOf(step: Step): string {
  if (step.kind === 'statement') return step.statement.sql;
  return { savepoint: 'SAVEPOINT ', release: 'RELEASE ', back: 'ROLLBACK TO ' }[step.kind] + step.name;
}

/** The lines of it. */
export function linesOf({ steps }: PlannedTransaction): string[] {
  return steps.map(sqlOf);
}

/** Sends lines as one message; an answer for each. */
export async function send(client: pg.Client, lines: readonly string[]): Promise<Answer[]> {
  const answers: unknown = await client.query(lines.join(';\n'));
  const list: Answer[] = Array.isArray(answers) ? answers : [answers as Answer];
  if (list.length !== lines.length) throw new Error(`${list.length} answers to ${lines.length} statements`);
  return list;
}

/** What it did, by the answers to its lines; and the numbers of what it rolled back. */
export function settle(
  { steps }: PlannedTransaction,
  answers: readonly Answer[],
): { readonly ledger: Ledger; readonly goneXids: ReadonlySet<number> } {
  const open: Ledger[] = [new Ledger()];
  const gone = new Set<number>();
  const innermost = (): Ledger => {
    const ledger = open.at(-1);
    if (ledger === undefined) throw new Error('more savepoints were ended than begun');
    return ledger;
  };
  for (const [index, step] of steps.entries()) {
    const answer = answers[index];
    if (answer === undefined) throw new Error(`no answer to ${sqlOf(step)}`);
    if (step.kind === 'statement') step.statement.note?.(answer, innermost());
    else if (step.kind === 'savepoint') open.push(new Ledger());
    else {
      const ended = innermost();
      open.pop();
      if (step.kind === 'release') innermost().merge(ended);
      else {
        for (const xid of ended.xids) gone.add(xid);
        open.push(new Ledger());
      }
    }
  }
  return { ledger: innermost(), goneXids: gone };
}
