/**
 * The live cluster and its archive, byte for byte: looked at before and after something that must not touch them.
 *
 * A stopped server's directory is compared whole. Of a running one, what it writes by itself is left out (WAL, checkpoints,
 * statistics, caches); tables, catalogs, commit status and configuration are not, and for pg_control the system and the
 * timeline stand. Tablespaces are part of it, wherever they are.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { controlFileOf } from '../../../src/instance/control-file-of.ts';
import { serverState, type ServerState } from '../../../src/instance/live-server.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';

type Digests = ReadonlyMap<string, string>;

/** What was there. */
export interface Look {
  readonly state: ServerState;
  readonly systemIdentifier: bigint;
  readonly timeline: number;
  /** By path in the data directory. */
  readonly files: Digests;
  /** By key. */
  readonly objects: Digests;
}

/** What a server writes without being asked to. */
const ITS_OWN =
  /^(pg_wal|pg_stat|pg_stat_tmp|pg_logical|pg_notify|pg_subtrans|pg_dynshmem)\/|^global\/pg_control$|^postmaster\.(pid|opts)$|(^|\/)pg_internal\.init$/;
/** The only objects that work beside the live cluster may add: its own newest segments. */
const SEGMENT_OF = /^wal_005\/([0-9A-F]{8})[0-9A-F]{16}$/;

async function digests(root: string, isLeftOut: (path: string) => boolean): Promise<Digests> {
  const found = new Map<string, string>();
  const walk = async (folder: string, inside: string): Promise<void> => {
    for (const name of (await readdir(folder)).toSorted()) {
      const [path, relative] = [join(folder, name), inside === '' ? name : `${inside}/${name}`];
      if (isLeftOut(relative) || isLeftOut(`${relative}/`)) continue;
      const entry = await stat(path);
      if (entry.isDirectory()) await walk(await realpath(path), relative);
      else if (entry.isFile())
        found.set(
          relative,
          createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
        );
    }
  };
  await walk(root, '');
  return found;
}

/** Looks; a running server writes down what it has in memory first. */
export async function lookAt(live: Recoverable): Promise<Look> {
  const { dataDirectory } = live.server;
  const state = await serverState(dataDirectory);
  if (state === 'running') await live.server.sql('checkpoint');
  const { systemIdentifier, timeline } = await controlFileOf(dataDirectory);
  return {
    state,
    systemIdentifier,
    timeline,
    files: await digests(dataDirectory, (path) => state === 'running' && ITS_OWN.test(path)),
    objects: await digests(live.archive, () => false),
  };
}

/**
 * Looks at a running server that has nothing left to do: without this, the next reader of a row would still note in its
 * page that the row's transaction has committed.
 */
export async function settleAndLook(live: Recoverable): Promise<Look> {
  await live.server.sql('vacuum');
  await live.server.sql('select count(*) from pg_class');
  return lookAt(live);
}

function differing(before: Digests, after: Digests): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path));
}

/** Fails unless all is as it was. Returns how many files were compared. */
export async function assertUntouched(live: Recoverable, before: Look): Promise<number> {
  const after = await lookAt(live);
  const { state, systemIdentifier, timeline } = after;
  assert.deepEqual(
    { state, systemIdentifier, timeline },
    { state: before.state, systemIdentifier: before.systemIdentifier, timeline: before.timeline },
  );
  assert.deepEqual(differing(before.files, after.files), [], 'files of the live server changed');
  const fresh = differing(before.objects, after.objects).filter((key) => {
    const ofTimeline = before.objects.has(key) ? undefined : SEGMENT_OF.exec(key)?.[1];
    return ofTimeline === undefined || Number.parseInt(ofTimeline, 16) !== timeline;
  });
  assert.deepEqual(fresh, [], 'objects of the archive changed');
  assert.ok(before.files.size > 500, `only ${before.files.size} files were compared`);
  return before.files.size;
}
