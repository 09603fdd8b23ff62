/**
 * A container in Azure Blob Storage.
 *
 * Source: Azure Storage, "Create Container", "Get Container ACL", "Set Container ACL".
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { AzureConnection } from '../../storage/azure/azure-connection.ts';
import { AzureError } from '../../storage/azure/azure-error.ts';
import { readText } from '../../storage/send-request.ts';
import { NotXml } from '../../storage/xml.ts';
import { formatPolicies, parsePolicies, type AccessPolicy } from './access-policies.ts';

/** Who may do what with a container. */
export interface ContainerAccess {
  readonly isPublic: boolean;
  readonly policies: readonly AccessPolicy[];
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof AzureError && codes.includes(error.code);
}

/** One container. */
export class Container {
  readonly #connection: AzureConnection;

  constructor(connection: AzureConnection) {
    this.#connection = connection;
  }

  get #name(): string {
    return this.#connection.location.container;
  }

  /** `undefined` if there is no such container. */
  async access(): Promise<ContainerAccess | undefined> {
    const url = this.#connection.url(undefined, { restype: 'container', comp: 'acl' });
    const action = this.#action(
      'look at the access to',
      'Microsoft.Storage/storageAccounts/blobServices/containers/getAcl',
    );
    return this.#connection.run(action, undefined, async (attempt) => {
      try {
        const answer = await attempt.send({ method: 'GET', url, headers: {} }, [200]);
        const policies = parsePolicies(await readText(answer));
        return { isPublic: answer.headers['x-ms-blob-public-access'] !== undefined, policies };
      } catch (error) {
        if (hasCode(error, 'ContainerNotFound')) return undefined;
        if (error instanceof NotXml)
          throw new Failure('corrupt', {
            message: `cannot look at the access to azure://${this.#name}: the answer cannot be used: ${error.message}`,
            remedy: 'Look for a proxy between here and Azure.',
          });
        throw error;
      }
    });
  }

  async create(): Promise<void> {
    const url = this.#connection.url(undefined, { restype: 'container' });
    const action = this.#action('create', 'Microsoft.Storage/storageAccounts/blobServices/containers/write');
    await this.#connection.run(action, undefined, async (attempt) => {
      try {
        await readText(await attempt.send({ method: 'PUT', url, headers: {} }, [201]));
      } catch (error) {
        if (!hasCode(error, 'ContainerAlreadyExists')) throw error;
      }
    });
  }

  /** Replaces all policies, and closes the container to the public. */
  async setPolicies(policies: readonly AccessPolicy[]): Promise<void> {
    const url = this.#connection.url(undefined, { restype: 'container', comp: 'acl' });
    const action = this.#action(
      'set the access to',
      'Microsoft.Storage/storageAccounts/blobServices/containers/setAcl',
    );
    const body = [Buffer.from(formatPolicies(policies))];
    const headers = { 'content-type': 'application/xml' };
    await this.#connection.run(action, undefined, async (attempt) => {
      await readText(await attempt.send({ method: 'PUT', url, headers, body }, [200]));
    });
  }

  #action(verb: string, permission: string) {
    return { verb, permission, container: this.#name, key: '' };
  }
}
