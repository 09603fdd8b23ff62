/**
 * Writes what a plan wants to be in files: Patroni's configuration, directories of variables, password files.
 *
 * Each file appears whole, under a mode that lets nobody else read it before anything is in it. What is in a directory of
 * variables and not in the plan is removed: a variable of an earlier start would still count.
 *
 * @module
 */

import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { rolesFile } from '../container/container-paths.ts';
import type { ContainerPlan, EnvDirectory } from '../container/container-plan.ts';
import { revealed } from '../container/secret.ts';
import { yamlForFile } from '../container/user-yaml.ts';
import { mapAt } from '../container/value-at.ts';
import type { Fenced } from './readiness.ts';
import { formatRoles } from './roles-file.ts';

const SECRET_MODE = 0o600;
const OWN_FOLDER_MODE = 0o700;

async function makeOwnFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
  } catch (error) {
    throw new Failure('denied', {
      message: `cannot make the folder ${path}: ${messageOf(error)}`,
      remedy: `Give the container a place to write to at ${dirname(path)}: a volume, or a tmpfs.`,
      cause: error,
    });
  }
}

/** As `envdir` reads it: a zero byte stands for a line break. */
async function writeEnvDirectory({ path, variables }: EnvDirectory): Promise<void> {
  await makeOwnFolder(path, OWN_FOLDER_MODE);
  await chmod(path, OWN_FOLDER_MODE);
  for (const name of await readdir(path)) {
    if (!Object.hasOwn(variables, name)) await rm(join(path, name), { recursive: true, force: true });
  }
  for (const [name, value] of Object.entries(variables)) {
    await writeFileDurably(join(path, name), Buffer.from(revealed(value).replaceAll('\n', '\0')));
  }
}

async function writeOne(path: string, text: string, mode: number): Promise<void> {
  await makeOwnFolder(dirname(path), OWN_FOLDER_MODE);
  await writeFileDurably(path, Buffer.from(text));
  await chmod(path, mode);
}

function envDirectoriesOf({ environment, archive, clone, standby }: ContainerPlan): EnvDirectory[] {
  const all = [
    environment,
    archive?.environment,
    clone?.kind === 'archive' ? clone.archive.environment : clone?.environment,
    standby?.archive?.environment,
  ];
  const byPath = new Map(all.flatMap((directory) => (directory === undefined ? [] : [[directory.path, directory]])));
  return [...byPath.values()];
}

/** Makes the folders and writes the files. @throws {Failure} `denied`, `failed`; nothing is started then. */
export async function writePlanFiles(plan: ContainerPlan): Promise<void> {
  const { paths, patroni, files } = plan;
  const { root, logDirectory, runDirectory, socketDirectory, certificateDirectory, temporaryDirectory } = paths;
  for (const folder of [root, runDirectory, socketDirectory]) await makeOwnFolder(folder, 0o775);
  for (const folder of [logDirectory, certificateDirectory, temporaryDirectory]) {
    await makeOwnFolder(folder, OWN_FOLDER_MODE);
  }
  // A platform that changes a volume's group on mounting makes it group-writable: PostgreSQL refuses that.
  if (plan.hasData) await chmod(paths.dataDirectory, OWN_FOLDER_MODE);
  for (const directory of envDirectoriesOf(plan)) await writeEnvDirectory(directory);
  for (const { path, mode, content } of files) await writeOne(path, revealed(content), mode);
  await writeOne(rolesFile(paths), formatRoles(plan.users).reveal(), SECRET_MODE);
  await writePatroniFile(patroni, 'readers');
}

const FENCE_TAGS: Readonly<Record<Fenced, Readonly<Record<string, boolean>>>> = {
  nothing: {},
  readers: { noloadbalance: true },
  readersAndLead: { noloadbalance: true, nofailover: true },
};

/** Patroni's configuration, with what is kept from the member (`reader-fence.ts`), whatever tags it has. */
export async function writePatroniFile(
  { path, configuration }: Pick<ContainerPlan['patroni'], 'path' | 'configuration'>,
  fenced: Fenced,
): Promise<void> {
  const tags = { ...mapAt(configuration, 'tags'), ...FENCE_TAGS[fenced] };
  const written = fenced === 'nothing' ? configuration : { ...configuration, tags };
  await writeOne(path, yamlForFile(written).reveal(), SECRET_MODE);
}
