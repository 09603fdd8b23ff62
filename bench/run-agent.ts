/**
 * The agent as a process to be measured: `node run-agent.ts DATA SPOOL ARCHIVE COMPRESSION LATENCY_MS`. Every request to
 * the store takes LATENCY_MS longer than the folder it is.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { runAgent } from '../src/archive/agent.ts';
import type { ObjectStore } from '../src/storage/object-store.ts';
import { openStore } from '../src/storage/open.ts';

const [dataDirectory = '', spool = '', archive = '', compression = '', latencyMs = '0'] = process.argv.slice(2);

/** A store that is `delayMs` away. */
function farAway(store: ObjectStore, delayMs: number): ObjectStore {
  const later = async <T>(work: () => Promise<T>): Promise<T> => {
    await sleep(delayMs);
    return work();
  };
  return {
    address: store.address,
    async *list(...asked) {
      await sleep(delayMs);
      yield* store.list(...asked);
    },
    listFolder: async (...asked) => later(async () => store.listFolder(...asked)),
    stat: async (...asked) => later(async () => store.stat(...asked)),
    get: async (...asked) => later(async () => store.get(...asked)),
    open: async (...asked) => later(async () => store.open(...asked)),
    put: async (...asked) => later(async () => store.put(...asked)),
    delete: async (...asked) => later(async () => store.delete(...asked)),
    close: async () => store.close(),
  };
}

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const folder = await openStore({ kind: 'file', path: archive });
const store = Number(latencyMs) > 0 ? farAway(folder, Number(latencyMs)) : folder;
await runAgent({
  store,
  dataDirectory,
  spool,
  compression: compression === 'lz4' ? 'lz4' : 'zstd',
  signal: stop.signal,
});
