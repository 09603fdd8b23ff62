/**
 * The facts of the machine that a container's plan needs. Nothing is changed.
 *
 * Source of the limits: Linux, control groups version 1 and 2; Spilo `configure_spilo.py` for which counts.
 *
 * @module
 */

import { accessSync, constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { cpus, hostname, totalmem } from 'node:os';
import { join } from 'node:path';

import type { Environment } from '../config/environment.ts';
import type { ContainerFacts, InstalledMajor } from '../container/container-facts.ts';
import { containerPaths } from '../container/container-paths.ts';
import { Reading } from '../container/reading.ts';
import { runProgram } from '../instance/run-program.ts';

/** Where Debian's packages are. */
export const POSTGRES_FOLDER = '/usr/lib/postgresql';

const LOCALE_TIMEOUT_MS = 10_000;

const MEMORY_LIMITS = ['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max'];

async function textIn(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function installedIn(folder: string): Promise<readonly InstalledMajor[]> {
  const names = await readdir(folder).catch(() => []);
  const found = names
    .filter((name) => /^\d{2}$/.test(name))
    .map(async (name) => {
      const binDirectory = join(folder, name, 'bin');
      const isThere = await access(join(binDirectory, 'postgres'), constants.X_OK).then(
        () => true,
        () => false,
      );
      return isThere ? [{ major: Number(name), binDirectory }] : [];
    });
  return (await Promise.all(found)).flat();
}

async function memoryBytes(): Promise<number> {
  for (const path of MEMORY_LIMITS) {
    const text = await textIn(path);
    // Version 2 says "max", version 1 a number beyond any memory.
    if (text !== undefined) return Math.min(/^\d+$/.test(text) ? Number(text) : Infinity, totalmem());
  }
  return totalmem();
}

async function addressOf(name: string): Promise<string> {
  return lookup(name).then(
    ({ address }) => address,
    () => '127.0.0.1',
  );
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** What `locale -a` lists. A C library without it takes any name. */
async function locales({ PATH }: Environment): Promise<readonly string[] | undefined> {
  const options = { timeoutMs: LOCALE_TIMEOUT_MS, environment: { PATH } };
  const listed = await runProgram(['locale', '-a'], options).catch(() => undefined);
  const names = listed?.code === 0 ? listed.output.split('\n').filter((name) => name !== '') : [];
  return names.length === 0 ? undefined : names;
}

/** Looks at the machine. `postgresFolder`: where each major has a folder with `bin` in it. */
export async function gatherContainerFacts(
  environment: Environment,
  postgresFolder = POSTGRES_FOLDER,
): Promise<ContainerFacts> {
  const name = hostname();
  const facts: ContainerFacts = {
    installed: await installedIn(postgresFolder),
    dataVersion: undefined,
    canRead,
    locales: await locales(environment),
    hostname: name,
    hostAddress: await addressOf(name),
    cpuCount: cpus().length,
    memoryBytes: await memoryBytes(),
    nowMs: Date.now(),
  };
  const { dataDirectory } = containerPaths(new Reading(environment, facts));
  return { ...facts, dataVersion: await textIn(join(dataDirectory, 'PG_VERSION')) };
}
