/**
 * One run of `pg_basebackup`, into the folder of a bootstrap. The password is in a file that goes when it has ended.
 *
 * Source: PostgreSQL manual, "pg_basebackup", "The Password File".
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import { stopPrivateServer } from '../instance/private-server.ts';
import { runProgram } from '../instance/run-program.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { plainEnvironment } from './plain-environment.ts';
import type { BootstrapRun } from './uses.ts';

const COPY_TIMEOUT_MS = 7 * 24 * 3_600_000;

/** The server that is copied. */
export interface CopiedServer {
  readonly host: string;
  readonly port: number;
  /** A role with REPLICATION. */
  readonly user: string;
  readonly password: string | undefined;
  /** libpq's `sslmode` and `sslrootcert`. */
  readonly sslMode: string;
  readonly sslRootCert: string | undefined;
}

/** What a copy needs. */
export interface CopyUses extends BootstrapRun {
  readonly server: CopiedServer;
  /** A folder with `pg_basebackup`, of the newest major there is: it copies older servers too. */
  readonly newestBinaries: () => Promise<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** `standby@db.example:5432`: for messages and records. */
export function addressOf({ host, port, user }: CopiedServer): string {
  return `${user}@${host}:${port}`;
}

/** One line of a password file. */
export function passwordLine({ host, port, user, password }: CopiedServer): string {
  const escaped = [host, String(port), '*', user, password ?? ''].map((field) =>
    field === '*' ? field : field.replaceAll(/[\\:]/g, String.raw`\$&`),
  );
  return `${escaped.join(':')}\n`;
}

/** Copies it. What an interrupted copy has left is thrown away. @throws {Failure} `failed`, with what pg_basebackup said. */
export async function copyServer(uses: CopyUses): Promise<StepFacts> {
  const { place, server, signal, note } = uses;
  await stopPrivateServer(place.data, 'immediate');
  await rm(place.data, { recursive: true, force: true });
  const passwordFile = join(place.folder, 'pgpass');
  await writeFileDurably(passwordFile, Buffer.from(passwordLine(server)));
  note(`copy: pg_basebackup of ${addressOf(server)} begins`);
  try {
    const end = await runProgram(
      [
        join(await uses.newestBinaries(), 'pg_basebackup'),
        `--pgdata=${place.data}`,
        '--wal-method=stream',
        '--checkpoint=fast',
        `--host=${server.host}`,
        `--port=${server.port}`,
        `--username=${server.user}`,
        '--no-password',
      ],
      {
        timeoutMs: COPY_TIMEOUT_MS,
        environment: {
          ...plainEnvironment(uses.environment),
          PGPASSFILE: passwordFile,
          PGSSLMODE: server.sslMode,
          ...(server.sslRootCert === undefined ? {} : { PGSSLROOTCERT: server.sslRootCert }),
          PGCONNECT_TIMEOUT: '30',
        },
        ...(signal === undefined ? {} : { signal }),
      },
    );
    if (end.code !== 0) throw cannotCopy(server, end.output);
  } finally {
    await rm(passwordFile, { force: true });
  }
  return { from: addressOf(server) };
}

function cannotCopy(server: CopiedServer, output: string): Failure {
  return new Failure('failed', {
    message: `cannot copy the server at ${addressOf(server)}: pg_basebackup failed`,
    remedy:
      'Look at what it says: the server must be reached from here (CLONE_HOST, CLONE_PORT), and let this role make replication connections (CLONE_USER, CLONE_PASSWORD, pg_hba.conf). Then start again; nothing was put in place.',
    facts: output.split('\n').slice(-8),
  });
}
