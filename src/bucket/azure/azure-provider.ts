/**
 * Containers in Azure Blob Storage. Versions and lifecycle belong to the whole account there, and are set by hand.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { AzureConnection } from '../../storage/azure/azure-connection.ts';
import type { AzureLocation } from '../../storage/azure/azure-location.ts';
import { keyBytes } from '../../storage/azure/shared-key.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../../storage/deadlines.ts';
import { accountChanges, accountLines } from '../account-changes.ts';
import type { AccountWish } from '../accounts.ts';
import type { BucketChange, PlannedChange, Role } from '../bucket-change.ts';
import type { BucketProvider, BucketWishes, Credentials, HeldCredentials, Survey } from '../provider.ts';
import { Container, type ContainerAccess } from './container.ts';
import { ACCOUNT, CREDENTIAL_NAMES, SignatureAccounts, TOKEN } from './signature-accounts.ts';

function accountKey({ account, container, credentials }: AzureLocation): string {
  const found = credentials.find(({ kind }) => kind === 'key');
  if (found?.kind === 'key') return found.key;
  throw new Failure('denied', {
    message: `cannot make signatures for azure://${container}: they are signed with the key of the account ${account}, which is not set`,
    remedy: [
      'Set AZURE_STORAGE_ACCESS_KEY. Or, where keys are not allowed, give the identities of writer and viewer their roles, and no Secret is needed:',
      `    az storage container create --account-name ${account} --name ${container} --auth-mode login`,
      `    az role assignment create --role "Storage Blob Data Contributor" --assignee WRITER --scope CONTAINER`,
      `    az role assignment create --role "Storage Blob Data Reader" --assignee VIEWER --scope CONTAINER`,
    ].join('\n'),
  });
}

/** One container in Azure. */
export class AzureProvider implements BucketProvider {
  readonly credentialNames = CREDENTIAL_NAMES;
  readonly #location: AzureLocation;
  readonly #wishes: BucketWishes;
  readonly #connection: AzureConnection;
  readonly #container: Container;
  readonly #accounts: SignatureAccounts;

  private constructor(location: AzureLocation, wishes: BucketWishes, connection: AzureConnection, key: Buffer) {
    const { account, container, endpoint } = location;
    this.#location = location;
    this.#wishes = wishes;
    this.#connection = connection;
    this.#container = new Container(connection);
    const isTlsOnly = endpoint.startsWith('https:');
    this.#accounts = new SignatureAccounts(this.#container, { account, container, key, isTlsOnly });
  }

  static async open(
    location: AzureLocation,
    wishes: BucketWishes,
    deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES,
  ): Promise<AzureProvider> {
    const key = keyBytes(accountKey(location));
    return new AzureProvider(location, wishes, await AzureConnection.open(location, deadlines), key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }

  async survey(held: HeldCredentials): Promise<Survey> {
    const changes = this.#changesOf(await this.#look());
    const accounts = await accountChanges(this.#accounts, held, this.#wishes);
    return { changes: [...changes, ...accounts.changes], notes: [this.#accountNote(), ...accounts.notes] };
  }

  byHand(): readonly string[] {
    const container = this.#changesOf(undefined).flatMap(({ byHand }) => byHand);
    return [...container, ...accountLines(this.#accounts, this.#wishes.names)];
  }

  async run(change: BucketChange): Promise<Credentials | undefined> {
    if (change.kind === 'makeKey') return this.#accounts.makeKey(this.#wish(change.role));
    await this.#make(change);
    return undefined;
  }

  async #make(change: Exclude<BucketChange, { readonly kind: 'makeKey' }>): Promise<void> {
    switch (change.kind) {
      case 'createBucket':
        return this.#container.create();
      case 'closeToPublic':
        return this.#container.setPolicies((await this.#container.access())?.policies ?? []);
      case 'keepVersions':
      case 'setLifecycle':
      case 'createAccount':
        return;
      case 'allow':
        return this.#accounts.allow(this.#wish(change.role));
      case 'endKeys':
        for (const key of change.keys) await this.#accounts.endKey(this.#wish(change.role), key);
        return;
    }
  }

  locate(credentials: Credentials): AzureLocation {
    const account = credentials[ACCOUNT] ?? this.#location.account;
    return { ...this.#location, account, credentials: [{ kind: 'sas', token: credentials[TOKEN] ?? '' }] };
  }

  #wish(role: Role): AccountWish {
    return { role, name: this.#wishes.names[role] };
  }

  async #look(): Promise<ContainerAccess | 'hidden' | undefined> {
    try {
      return await this.#container.access();
    } catch (error) {
      if (isFailure(error, 'denied')) return 'hidden';
      throw error;
    }
  }

  #changesOf(found: ContainerAccess | 'hidden' | undefined): readonly PlannedChange[] {
    const { account, container } = this.#location;
    const isHidden = found === 'hidden';
    const isOpen = found !== undefined && found !== 'hidden' && found.isPublic;
    const permission = isHidden
      ? this.#accounts.lookPermission
      : 'Microsoft.Storage/storageAccounts/blobServices/containers/write';
    return [
      {
        change: { kind: 'createBucket' },
        state: isHidden ? 'hidden' : found === undefined ? 'due' : 'done',
        summary: `the container azure://${container} of ${account} is there`,
        permission,
        byHand: [`az storage container create --account-name ${account} --name ${container}`],
      },
      {
        change: { kind: 'closeToPublic' },
        // It is created like that.
        state: isHidden ? 'hidden' : isOpen ? 'due' : 'done',
        summary: 'nobody without credentials reads it',
        permission,
        byHand: [
          `az storage container set-permission --account-name ${account} --name ${container} --public-access off`,
        ],
      },
      {
        change: { kind: 'keepVersions' },
        state: 'unsupported',
        summary: 'versions are a property of the whole account',
        permission: '',
        byHand: [],
      },
      {
        change: { kind: 'setLifecycle' },
        state: 'unsupported',
        summary: 'so is the lifecycle; Azure takes blocks of unfinished uploads away after a week by itself',
        permission: '',
        byHand: [],
      },
    ];
  }

  #accountNote(): string {
    const { account } = this.#location;
    const days = this.#wishes.versionDays;
    return `Versions, and how long they stay, are set for the whole account, by whoever administers it: az storage account blob-service-properties update --account-name ${account} --enable-versioning true --enable-delete-retention true --delete-retention-days ${days}; and in the account's lifecycle a rule for "version" with daysAfterCreationGreaterThan ${days}, never one for "baseBlob".`;
  }
}
