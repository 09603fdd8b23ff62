/**
 * Keeps the names of a server's relations in its archive while the agent runs: once when it begins to serve a server, and
 * after segments of WAL in which names or files of relations changed.
 *
 * Not oftener than every few minutes: what changes in between is in the WAL. A server that cannot be reached is asked again
 * later; nothing waits for it.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { writeCatalogSnapshot } from '../archive/catalog-snapshots.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { readCatalog, unreadDatabases, type ConnectToDatabase } from '../instance/read-catalog.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import { crc32c } from '../postgres/crc32c.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { SegmentIndexSummary } from '../wal-index/segment-index.ts';

/** What is needed. */
export interface KeepNamesOptions {
  readonly store: ObjectStore;
  readonly connectTo: ConnectToDatabase;
  /** Told of what went wrong, each thing once. */
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
  /** Between two of them at least; five minutes unless told. */
  readonly pauseMs?: number;
}

const PAUSE_MS = 300_000;
/** Whoever reads history follows names from the last snapshot: through no more such segments, though no name may have changed. */
const MOST_SEGMENTS_WITH_DDL = 64;
/** Reading takes at most this share of the time. */
const SHARE_OF_TIME = 0.02;

/** Keeps them. Disposing ends the work. */
export class KeptNames implements AsyncDisposable {
  readonly #options: KeepNamesOptions;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #warned = new Set<string>();
  #systemIdentifier: bigint | undefined;
  #isWanted = false;
  #notBeforeMs = 0;
  #written: number | undefined;
  /** Segments with DDL since the last one was written. */
  #segmentsWithDdl = 0;
  #working: Promise<void> | undefined;

  constructor(options: KeepNamesOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
  }

  /** A server is served. Comes back at once, as {@link takeSegment} does. */
  begin(systemIdentifier: bigint): void {
    this.#systemIdentifier = systemIdentifier;
    this.#written = undefined;
    this.#want();
  }

  /** A segment is in the archive. */
  takeSegment({ hasDdl }: Pick<SegmentIndexSummary, 'hasDdl'>): void {
    if (!hasDdl) return;
    this.#segmentsWithDdl += 1;
    this.#want();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#working;
  }

  #want(): void {
    this.#isWanted = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    while (this.#isWanted && !this.#signal.aborted) {
      const waitMs = Math.max(0, this.#notBeforeMs - Date.now());
      await sleep(waitMs, undefined, { signal: this.#signal }).catch(() => {});
      if (this.#signal.aborted) return;
      this.#isWanted = false;
      const startedMs = Date.now();
      try {
        await this.#keep();
      } catch (error) {
        this.#warn(`names of relations are not kept: ${messageOf(error)}`);
        this.#isWanted = true;
      }
      const pauseMs = this.#options.pauseMs ?? PAUSE_MS;
      this.#notBeforeMs = Date.now() + Math.max(pauseMs, (Date.now() - startedMs) / SHARE_OF_TIME);
    }
  }

  async #keep(): Promise<void> {
    const { store, connectTo } = this.#options;
    const snapshot = await readCatalog(connectTo);
    if (this.#systemIdentifier !== undefined && snapshot.systemIdentifier !== this.#systemIdentifier) {
      throw new Failure('conflict', {
        message: `the server that answers is of system ${snapshot.systemIdentifier}, not of ${this.#systemIdentifier}`,
        remedy: 'Name the server of the data directory with pg-host and pg-port.',
      });
    }
    for (const problem of unreadDatabases(snapshot)) this.#warn(`names of a database are not kept: ${problem}`);
    const mark = markOf(snapshot);
    const segmentsWithDdl = this.#segmentsWithDdl;
    if (mark === this.#written && segmentsWithDdl < MOST_SEGMENTS_WITH_DDL) return;
    await writeCatalogSnapshot(store, snapshot, { signal: this.#signal });
    this.#written = mark;
    this.#segmentsWithDdl -= segmentsWithDdl;
  }

  #warn(message: string): void {
    if (this.#signal.aborted || this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#options.onWarning(message);
  }
}

/** A number that changes when a name or a file does, and not with statistics or passing tables. */
function markOf({ timeline, databases }: CatalogSnapshot): number {
  const told = databases.map(({ oid, name, schemas, relations, parents, mapped }) => [
    oid,
    name,
    schemas.map((row) => [row.oid, row.name]),
    relations
      .filter(({ persistence }) => persistence !== 't')
      .map((row) => [row.oid, row.name, row.schemaOid, row.filenode, row.tablespaceOid, row.toastOid, row.persistence]),
    parents.map((row) => [row.oid, row.parentOid]),
    mapped.map(({ filenode }) => filenode),
  ]);
  return crc32c(Buffer.from(JSON.stringify([timeline, told])));
}
