/**
 * Where a server that does not run would listen, as its own configuration says.
 *
 * Asked of the server's own program (`postgres -C`), which reads its files and includes as the server does.
 *
 * @module
 */

import { join } from 'node:path';

import { isFailure } from '../base/failure.ts';
import { lastServerOptions } from '../instance/postmaster.ts';
import { runProgram } from '../instance/run-program.ts';

const TIMEOUT_MS = 10_000;

/** Host and port; each `undefined` if the configuration cannot be read. */
export interface ServerAddress {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** The value of one parameter, by the options the server was last started with. */
async function parameter(bin: string, dataDirectory: string, name: string): Promise<string | undefined> {
  const argv = [join(bin, 'postgres'), '-D', dataDirectory, ...(await lastServerOptions(dataDirectory)), '-C', name];
  const end = await runProgram(argv, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    if (isFailure(error)) return undefined;
    throw error;
  });
  return end?.code === 0 ? end.output.split('\n').at(-1)?.trim() : undefined;
}

/** The first socket directory, or the first address, and the port. */
export async function stoppedServerAddress(bin: string, dataDirectory: string): Promise<ServerAddress> {
  const [sockets, addresses, port] = await Promise.all([
    parameter(bin, dataDirectory, 'unix_socket_directories'),
    parameter(bin, dataDirectory, 'listen_addresses'),
    parameter(bin, dataDirectory, 'port'),
  ]);
  const first = (list: string | undefined) => list?.split(',')[0]?.trim() || undefined;
  const address = first(addresses);
  const host = first(sockets) ?? (address === '*' || address === '0.0.0.0' ? 'localhost' : address);
  return { host, port: port === undefined ? undefined : Number(port) || undefined };
}
