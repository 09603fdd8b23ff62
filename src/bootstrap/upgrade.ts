/**
 * An upgrade to a newer major, of recovered data that have been proven: `pg_upgrade` into a new cluster, the recovered data
 * kept beside it.
 *
 * Unless told otherwise files are copied, so that the recovered data stay as they are, whatever comes of it. With `link` they
 * do not: an upgrade that is interrupted then has no way back but a new restore.
 *
 * Source: PostgreSQL manual, "pg_upgrade".
 *
 * @module
 */

import { copyFile, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import { connect, queryText, type Connection, type Row } from '../instance/connection.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import { isThere, syncFolder } from '../instance/durable-rename.ts';
import { majorVersionOf } from '../instance/postmaster.ts';
import {
  privateConnection,
  startPrivateServer,
  stopPrivateServer,
  untilItAnswers,
  type PrivateServer,
} from '../instance/private-server.ts';
import { formatCommand, quoteForShell, runProgram } from '../instance/run-program.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { NO_RESTORE } from '../recovery/promote.ts';
import { privateServer, rehearsalServer } from '../recovery/recovery-context.ts';
import { preparePrivateServers } from '../recovery/rehearsal-files.ts';
import { beforeUpgrade, isLinkedAlready, type CloneContext } from './clone-context.ts';
import { endLeftRunning } from './left-running.ts';
import { plainEnvironment } from './plain-environment.ts';
import { extensionWords, updateExtensions } from './update-extensions.ts';

const UPGRADE_TIMEOUT_MS = 7 * 24 * 3_600_000;
const INITDB_TIMEOUT_MS = 600_000;
/** Only names: these servers listen on sockets alone. */
const PORTS = { old: 50_432, new: 50_433 } as const;
/** Files of the old cluster that the new one goes on with; Patroni writes its own over them where it is told to. */
const CARRIED = ['pg_hba.conf', 'pg_ident.conf'];

/** What a new cluster must have in common with the old one. */
interface OldCluster {
  /** The role that the cluster was made with (oid 10). */
  readonly user: string;
  readonly initdb: readonly string[];
}

async function readOld(context: CloneContext, server: PrivateServer): Promise<OldCluster> {
  await preparePrivateServers(context.replay);
  await startPrivateServer(server);
  try {
    await using connection = await untilItAnswers(server, context.uses.signal);
    const user = await queryText(connection, 'select rolname from pg_roles where oid = 10');
    return { user, initdb: [`--username=${user}`, ...(await localeOptions(connection, context.plan.majorVersion))] };
  } finally {
    await stopPrivateServer(server.dataDirectory);
  }
}

/** `initdb` options by which `template0` is as it was. Columns: `pg_database` of each major. */
async function localeOptions(connection: Connection, major: number): Promise<string[]> {
  const provider = major >= 15 ? 'datlocprovider' : "'c'";
  const locale = major >= 17 ? 'datlocale' : major >= 15 ? 'daticulocale' : 'null';
  const [row = {}] = await connection.query(
    `select datcollate, datctype, pg_encoding_to_char(encoding) as encoding, ${provider}::text as provider, ${locale}::text as locale from pg_database where datname = 'template0'`,
  );
  return localeFlags(row);
}

function localeFlags(row: Row): string[] {
  const { datcollate, datctype, encoding, provider, locale } = row;
  const common = [`--encoding=${encoding ?? ''}`, `--lc-collate=${datcollate ?? ''}`, `--lc-ctype=${datctype ?? ''}`];
  if (provider === 'i') return [...common, '--locale-provider=icu', `--icu-locale=${locale ?? ''}`];
  return provider === 'b' ? [...common, '--locale-provider=builtin', `--builtin-locale=${locale ?? ''}`] : common;
}

async function run(context: CloneContext, argv: readonly string[], timeoutMs: number): Promise<void> {
  const { signal, place } = context.uses;
  const environment = plainEnvironment(context.uses.environment);
  const end = await runProgram(argv, {
    timeoutMs,
    environment,
    workingDirectory: place.folder,
    ...(signal === undefined ? {} : { signal }),
  });
  if (end.code === 0) return;
  throw new Failure('failed', {
    message: `cannot upgrade the recovered data: ${formatCommand(argv.slice(0, 1))} ended with ${end.code ?? 'a signal'}`,
    remedy: `What it said is below; its log files are in ${place.data}/pg_upgrade_output.d. ${keptAs(context)} Put right what it names, or clone with PGVERSION=${context.plan.majorVersion} and upgrade later.`,
    facts: end.output.split('\n').slice(-40),
  });
}

function keptAs({ plan }: CloneContext): string {
  return plan.upgrade?.mode === 'link'
    ? 'Once files are linked, the recovered data cannot be started any more.'
    : 'The recovered data are kept as they were.';
}

async function makeNew(context: CloneContext, old: OldCluster, newBin: string): Promise<void> {
  const { place } = context.uses;
  const control = await controlFileOf(beforeUpgrade(place, context.plan));
  const checksums =
    control.dataChecksumVersion === 0
      ? (context.plan.upgrade?.to ?? 0) >= 18
        ? ['--no-data-checksums']
        : []
      : ['--data-checksums'];
  await run(
    context,
    [
      join(newBin, 'initdb'),
      `--pgdata=${place.data}`,
      '--auth=trust',
      ...checksums,
      `--wal-segsize=${Number(control.walSegmentSizeBytes) / 1024 ** 2}`,
      ...old.initdb,
    ],
    INITDB_TIMEOUT_MS,
  );
}

/** A half-made new cluster is thrown away; the old one is where it was, or already moved aside. */
async function setAside(context: CloneContext): Promise<string> {
  const { uses, plan } = context;
  const aside = beforeUpgrade(uses.place, plan);
  await endLeftRunning([uses.place.data, aside]);
  if (await isThere(aside)) {
    if (await isLinkedAlready(uses.place, plan)) throw linkedAlready(context);
    await stopPrivateServer(aside);
    await stopPrivateServer(uses.place.data, 'immediate');
    await rm(uses.place.data, { recursive: true, force: true });
    return aside;
  }
  if ((await majorVersionOf(uses.place.data)) !== plan.majorVersion) throw linkedAlready(context);
  await rename(uses.place.data, aside);
  await syncFolder(uses.place.folder);
  return aside;
}

function linkedAlready({ uses }: CloneContext): Failure {
  return new Failure('failed', {
    message: 'cannot begin the upgrade again: its files are linked into the new cluster already',
    remedy: `Remove ${uses.place.folder} and start again, best without --upgrade-mode link: the data are restored anew.`,
  });
}

/** In each database: extensions at the version that is installed, then statistics, without which the first queries take the wrong way. */
async function finish(
  server: PrivateServer,
  note: (line: string) => void,
): Promise<{ databases: number; extensions: string }> {
  await startPrivateServer(server);
  try {
    await using connection = await untilItAnswers(server);
    const rows = await connection.query('select datname from pg_database where datallowconn order by datname');
    const words: string[] = [];
    for (const { datname } of rows) {
      if (datname === null || datname === undefined) continue;
      await using one = await connect(privateConnection(server, datname));
      for (const update of await updateExtensions(one)) words.push(extensionWords(update, datname));
      await one.query('analyze');
    }
    for (const line of words) note(`upgrade: extension ${line}`);
    return { databases: rows.length, extensions: words.join('; ') };
  } finally {
    await stopPrivateServer(server.dataDirectory);
  }
}

/**
 * Upgrades. May be done again after it was interrupted.
 *
 * @throws {Failure} `failed`, with what pg_upgrade said.
 */
export async function upgradeData(context: CloneContext): Promise<StepFacts> {
  const { uses, plan, replay } = context;
  const { upgrade } = plan;
  if (upgrade === null) return {};
  const newBin = await uses.binariesOf(upgrade.to);
  const aside = await setAside(context);
  const oldServer: PrivateServer = { ...rehearsalServer(replay, NO_RESTORE), dataDirectory: aside };
  const old = await readOld(context, oldServer);
  uses.note(`upgrade: PostgreSQL ${upgrade.from} to ${upgrade.to} by pg_upgrade, mode ${upgrade.mode}`);
  await makeNew(context, old, newBin);
  const { configFile, hbaFile, identFile, socketDirectory } = oldServer.settings;
  const inert = `-c config_file=${quoteForShell(configFile)} -c hba_file=${quoteForShell(hbaFile)} -c ident_file=${quoteForShell(identFile)}`;
  await run(
    context,
    [
      join(newBin, 'pg_upgrade'),
      `--old-bindir=${context.bin}`,
      `--new-bindir=${newBin}`,
      `--old-datadir=${aside}`,
      `--new-datadir=${uses.place.data}`,
      `--old-port=${PORTS.old}`,
      `--new-port=${PORTS.new}`,
      `--username=${old.user}`,
      `--socketdir=${socketDirectory}`,
      `--jobs=${availableParallelism()}`,
      `--old-options=${inert}`,
      ...(upgrade.mode === 'copy' ? [] : [`--${upgrade.mode}`]),
    ],
    UPGRADE_TIMEOUT_MS,
  );
  for (const name of CARRIED) {
    if (await isThere(join(aside, name))) await copyFile(join(aside, name), join(uses.place.data, name));
  }
  const upgraded = privateServer(
    { ...replay, plan: { ...plan, majorVersion: upgrade.to }, uses: { ...replay.uses, bin: newBin } },
    { dataDirectory: uses.place.data, name: 'upgraded', archiving: 'off' },
  );
  const { databases, extensions } = await finish({ ...upgraded, user: old.user }, uses.note);
  const control = await controlFileOf(uses.place.data);
  if (!isShutDown(control)) {
    throw new Failure('failed', {
      message: `cannot use the upgraded data: its control file says "${control.state}"`,
      remedy: `Look at ${upgraded.logFile}, and start again.`,
    });
  }
  uses.note(`upgrade: done, ${databases} databases analyzed; the data as they were recovered stay in ${aside}`);
  return { to: upgrade.to, systemIdentifier: control.systemIdentifier.toString(), recoveredData: aside, extensions };
}
