/**
 * The tables that the history workload writes to, in each of its databases.
 *
 * @module
 */

/** A name that needs quoting, as PostgreSQL has it and as SQL writes it. */
export const ODD_NAME = 'Ärger mit "Zeichen"';
export const ODD_SQL = '"Ärger mit ""Zeichen"""';

const ROWS = `
CREATE TABLE shop.orders (id bigint PRIMARY KEY, owner int NOT NULL, amount int, note text) WITH (fillfactor = 80);
CREATE INDEX orders_amount ON shop.orders (amount);
CREATE TABLE shop.keyed (id bigint PRIMARY KEY, owner int NOT NULL, n int NOT NULL DEFAULT 0);
CREATE TABLE shop.copied (id bigint, what text);
CREATE TABLE shop.documents (id bigint PRIMARY KEY, owner int NOT NULL, n int, body text);
ALTER TABLE shop.documents ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE shop.${ODD_SQL} (id bigint, owner int);
CREATE UNLOGGED TABLE shop.scratch (id bigint, what text);
CREATE SEQUENCE shop.numbers;`;

const PARTITIONS = `
CREATE TABLE shop.events (id bigint, owner int, bucket int, what text) PARTITION BY RANGE (bucket);
CREATE TABLE shop.events_low PARTITION OF shop.events FOR VALUES FROM (0) TO (10);
CREATE TABLE shop.events_high PARTITION OF shop.events FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (bucket);
CREATE TABLE shop.events_high_a PARTITION OF shop.events_high FOR VALUES FROM (10) TO (15);
CREATE TABLE shop.events_high_b PARTITION OF shop.events_high FOR VALUES FROM (15) TO (20);
CREATE INDEX ON shop.events (id);`;

const KEYS = `
CREATE TABLE shop.parents (id bigint PRIMARY KEY, owner int NOT NULL, n int NOT NULL DEFAULT 0);
CREATE TABLE shop.children (id bigint PRIMARY KEY, owner int, parent_id bigint REFERENCES shop.parents ON DELETE CASCADE);
CREATE TABLE shop.friends (id bigint PRIMARY KEY, owner int, parent_id bigint REFERENCES shop.parents ON DELETE SET NULL);
CREATE INDEX ON shop.children (parent_id);
CREATE INDEX ON shop.friends (parent_id);
INSERT INTO shop.parents SELECT n, -1, 0 FROM generate_series(-20, -1) AS n;`;

const TRIGGERS = `
CREATE TABLE shop.audited (id bigint PRIMARY KEY, owner int NOT NULL, n int NOT NULL DEFAULT 0);
CREATE TABLE shop.audit (id bigint, what text);
CREATE FUNCTION shop.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO shop.audit VALUES (coalesce(NEW.id, OLD.id), TG_OP); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON shop.audited
FOR EACH ROW EXECUTE FUNCTION shop.note_change();`;

/** The index takes long to compute its value: several sessions get past the check for a conflict before one has its entry in. */
const RACE = `
CREATE FUNCTION shop.slowly(k int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.004); RETURN k; END $$;
CREATE TABLE shop.race (k int, n int NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX race_key ON shop.race (shop.slowly(k));`;

/** All of it. */
export const SCHEMA_SQL = `CREATE SCHEMA shop;${ROWS}${PARTITIONS}${KEYS}${TRIGGERS}${RACE}`;

/** A partition's topmost table. */
export const ROOTS: ReadonlyMap<string, string> = new Map(
  ['shop.events_low', 'shop.events_high_a', 'shop.events_high_b'].map((name) => [name, 'shop.events']),
);
