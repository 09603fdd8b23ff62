/**
 * One session of the workload: it writes random transactions and keeps, beside them, what they must have done.
 *
 * @module
 */

import type pg from 'pg';

import type { Change, ModelRow } from './oracle.ts';
import type { Random } from './random.ts';

/** A session's own part of a table: columns behind the key, and the rows whose keys are the session's. */
interface OwnTable {
  readonly width: number;
  readonly rows: ReadonlyMap<number, ModelRow>;
}

/** What a session sees of its own: an immutable value, so that a rollback is going back to the earlier one. */
export interface OwnView {
  readonly tables: ReadonlyMap<string, OwnTable>;
  readonly changes: readonly Change[];
}

/** A view of tables that exist and hold nothing of this session's. */
export function emptyView(tables: readonly string[]): OwnView {
  return { tables: new Map(tables.map((name) => [name, { width: 1, rows: new Map() }])), changes: [] };
}

function withTable(view: OwnView, name: string, table: OwnTable | undefined, changes: readonly Change[]): OwnView {
  const tables = new Map(view.tables);
  if (table === undefined) tables.delete(name);
  else tables.set(name, table);
  return { tables, changes: [...view.changes, ...changes] };
}

function tableIn(view: OwnView, name: string): OwnTable {
  const table = view.tables.get(name);
  if (table === undefined) throw new Error(`this session has no table ${name}`);
  return table;
}

/** How one session names and numbers what it makes. */
export interface SessionIdentity {
  readonly number: number;
  readonly sessions: number;
  /** Keys and table numbers begin here; higher than any an earlier workload used. */
  readonly firstKey: number;
}

/** Writes transactions on one connection. */
export class WorkloadSession {
  readonly client: pg.Client;
  readonly #random: Random;
  readonly #identity: SessionIdentity;
  #nextKey: number;
  #nextTable: number;
  #depth = 0;

  constructor(random: Random, client: pg.Client, identity: SessionIdentity) {
    this.#random = random;
    this.client = client;
    this.#identity = identity;
    this.#nextKey = identity.firstKey * identity.sessions + identity.number;
    this.#nextTable = identity.firstKey;
  }

  /** BEGIN and some changes; the transaction is left open. The view is that of its inside. */
  async writeTransaction(before: OwnView): Promise<OwnView> {
    await this.client.query('BEGIN');
    let view: OwnView = { ...before, changes: [] };
    const steps = this.#random.between(1, 6);
    for (let step = 0; step < steps; step++) view = await this.#step(view);
    return view;
  }

  async #step(view: OwnView): Promise<OwnView> {
    const roll = this.#random.next();
    if (roll < 0.3 && this.#depth < 3) return this.#savepoint(view);
    if (roll < 0.38) return this.#changeDefinition(view);
    return this.#changeRows(view);
  }

  async #savepoint(before: OwnView): Promise<OwnView> {
    const name = `s${++this.#depth}`;
    await this.client.query(`SAVEPOINT ${name}`);
    let view = before;
    const steps = this.#random.between(1, 3);
    for (let step = 0; step < steps; step++) view = await this.#step(view);
    this.#depth--;
    const goesBack = this.#random.chance(0.4);
    await this.client.query(goesBack ? `ROLLBACK TO ${name}; RELEASE ${name}` : `RELEASE ${name}`);
    return goesBack ? before : view;
  }

  async #changeRows(view: OwnView): Promise<OwnView> {
    const name = this.#random.pick([...view.tables.keys()]);
    const keys = [...tableIn(view, name).rows.keys()];
    const roll = this.#random.next();
    if (keys.length === 0 || roll < 0.5)
      return this.#insert(view, name, this.#random.chance(0.1) ? 40 : this.#random.between(1, 4));
    if (roll < 0.8) return this.#update(view, name, this.#random.pick(keys));
    return this.#remove(view, name, this.#random.pick(keys));
  }

  #value(): string {
    return this.#random.hex(this.#random.chance(0.03) ? this.#random.between(3000, 9000) : this.#random.between(4, 60));
  }

  async #insert(view: OwnView, name: string, count: number): Promise<OwnView> {
    const table = tableIn(view, name);
    const added = Array.from({ length: count }, () => {
      const id = this.#nextKey;
      this.#nextKey += this.#identity.sessions;
      return { id, row: [this.#value(), ...Array.from({ length: table.width - 1 }, () => null)] };
    });
    const values = added.map(({ id, row }) => `(${id}, '${row[0]}')`);
    await this.client.query(`INSERT INTO ${name} (id, what) VALUES ${values.join(', ')}`);
    const rows = new Map([...table.rows, ...added.map(({ id, row }) => [id, row] as const)]);
    const changes = added.map(({ id, row }) => ({ kind: 'put', table: name, id, row }) as const);
    return withTable(view, name, { ...table, rows }, changes);
  }

  async #update(view: OwnView, name: string, id: number): Promise<OwnView> {
    const table = tableIn(view, name);
    const what = this.#value();
    await this.client.query(`UPDATE ${name} SET what = '${what}' WHERE id = ${id}`);
    const row = [what, ...(table.rows.get(id)?.slice(1) ?? [])];
    return withTable(view, name, { ...table, rows: new Map([...table.rows, [id, row]]) }, [
      { kind: 'put', table: name, id, row },
    ]);
  }

  async #remove(view: OwnView, name: string, id: number): Promise<OwnView> {
    const table = tableIn(view, name);
    await this.client.query(`DELETE FROM ${name} WHERE id = ${id}`);
    const rows = new Map(table.rows);
    rows.delete(id);
    return withTable(view, name, { ...table, rows }, [{ kind: 'remove', table: name, id }]);
  }

  async #changeDefinition(view: OwnView): Promise<OwnView> {
    const own = [...view.tables.keys()].filter((name) => name.startsWith(`extra_${this.#identity.number}_`));
    if (own.length === 0 || (own.length < 4 && this.#random.chance(0.4))) return this.#createTable(view);
    const name = this.#random.pick(own);
    const table = tableIn(view, name);
    const roll = this.#random.next();
    if (roll < 0.35) {
      await this.client.query(`ALTER TABLE ${name} ADD COLUMN more_${table.width} text`);
      const rows = new Map([...table.rows].map(([id, row]) => [id, [...row, null]]));
      return withTable(view, name, { width: table.width + 1, rows }, [{ kind: 'addColumn', table: name }]);
    }
    await this.client.query(roll < 0.7 ? `TRUNCATE ${name}` : `DROP TABLE ${name}`);
    if (roll < 0.7) return withTable(view, name, { ...table, rows: new Map() }, [{ kind: 'truncate', table: name }]);
    return withTable(view, name, undefined, [{ kind: 'dropTable', table: name }]);
  }

  async #createTable(view: OwnView): Promise<OwnView> {
    const name = `extra_${this.#identity.number}_${this.#nextTable++}`;
    await this.client.query(`CREATE TABLE ${name} (id bigint PRIMARY KEY, what text)`);
    return withTable(view, name, { width: 1, rows: new Map() }, [{ kind: 'createTable', table: name }]);
  }
}
