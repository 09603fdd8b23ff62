/**
 * Where a cell's archive is: a folder, or a real server of each kind of store, by the variables that both programs take.
 *
 * A server is started once a run, when a cell first asks for it.
 *
 * @module
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { AzureByName } from '../../../tests/support/azure-by-name.ts';
import { startAzurite } from '../../../tests/support/azurite.ts';
import { startGcsServer } from '../../../tests/support/gcs-server.ts';
import { startMinio } from '../../../tests/support/minio.ts';
import { startSshd } from '../../../tests/support/sshd.ts';
import type { Cell } from './cells.ts';

/** The variables for one archive. */
export interface Place {
  readonly variables: Readonly<Record<string, string>>;
}

type Starter = (root: string) => Promise<Place | undefined>;

/** The stores of one run. Disposing stops their servers. */
export class Places implements AsyncDisposable {
  readonly #servers = new Map<string, Promise<AsyncDisposable | undefined>>();

  async #server<S extends AsyncDisposable>(name: string, start: () => Promise<S | undefined>): Promise<S | undefined> {
    const running = this.#servers.get(name) ?? start();
    this.#servers.set(name, running);
    return (await running) as S | undefined;
  }

  readonly #starters: Readonly<Record<Cell['store'], Starter>> = {
    file: async (root) => {
      const path = join(root, 'archive');
      await mkdir(path);
      return { variables: { WALG_FILE_PREFIX: path } };
    },
    s3: async () => {
      const server = await this.#server('s3', startMinio);
      if (server === undefined) return undefined;
      const { bucket, prefix } = await server.newBucket();
      const { accessKeyId, secretAccessKey } = server.credentials;
      return {
        variables: {
          WALG_S3_PREFIX: `s3://${bucket}/${prefix}`,
          AWS_ENDPOINT: server.endpoint,
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          AWS_S3_FORCE_PATH_STYLE: 'true',
          AWS_REGION: 'us-east-1',
        },
      };
    },
    gcs: async () => {
      const server = await this.#server('gcs', startGcsServer);
      if (server === undefined) return undefined;
      const { bucket, prefix } = await server.newBucket();
      return {
        variables: { WALG_GS_PREFIX: `gs://${bucket}/${prefix}`, STORAGE_EMULATOR_HOST: server.endpoint },
      };
    },
    azure: async () => {
      const server = await this.#server('azure', async () => startAzurite());
      if (server === undefined) return undefined;
      const { container, prefix } = await server.newContainer();
      // wal-g knows an account by its name alone.
      const named = await this.#server('azure by name', async () => AzureByName.of(server));
      return {
        variables: {
          WALG_AZ_PREFIX: `azure://${container}/${prefix}`,
          WALKBACK_AZURE_ENDPOINT: server.endpoint,
          AZURE_STORAGE_ACCOUNT: server.account,
          AZURE_STORAGE_ACCESS_KEY: server.key,
          ...named?.variables,
        },
      };
    },
    ssh: async () => {
      const server = await this.#server('ssh', startSshd);
      if (server === undefined) return undefined;
      const { path } = await server.newFolder();
      return {
        variables: {
          WALG_SSH_PREFIX: `ssh://127.0.0.1${path}`,
          SSH_PORT: String(server.port),
          SSH_USERNAME: server.username,
          SSH_PRIVATE_KEY_PATH: server.keyFile,
          WALKBACK_SSH_KNOWN_HOSTS: server.knownHostsFile,
        },
      };
    },
  };

  /** A new, empty archive; `undefined` where the machine has no such server (it was said). */
  async open(store: Cell['store'], root: string): Promise<Place | undefined> {
    return this.#starters[store](root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#servers.values()) await (await running)?.[Symbol.asyncDispose]();
  }
}
