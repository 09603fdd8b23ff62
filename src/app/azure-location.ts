/**
 * From settings to an archive in Azure Blob Storage.
 *
 * The credentials are looked for as WAL-G does: the key, the SAS token, and then what Azure's own libraries find (an
 * application in the environment, workload identity, managed identity, the login of `az`).
 *
 * Source: WAL-G `pkg/storages/azure/configure.go`; Azure SDKs, "DefaultAzureCredential".
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ArchiveAddress } from '../config/archive-address.ts';
import type { Settings } from '../config/load-settings.ts';
import type { StoreLocation } from '../storage/open.ts';
import { defined, httpSettings } from './store-location-parts.ts';

type AzureLocation = Extract<StoreLocation, { kind: 'azure' }>;
type Credentials = AzureLocation['credentials'][number];
type Application = Extract<Credentials, { kind: 'application' }>;

interface Cloud {
  readonly suffix: string;
  readonly authority: string;
}

const CLOUDS: Readonly<Record<string, Cloud>> = {
  AzurePublicCloud: { suffix: 'core.windows.net', authority: 'https://login.microsoftonline.com' },
  AzureUSGovernmentCloud: { suffix: 'core.usgovcloudapi.net', authority: 'https://login.microsoftonline.us' },
  AzureChinaCloud: { suffix: 'core.chinacloudapi.cn', authority: 'https://login.chinacloudapi.cn' },
  AzureGermanCloud: { suffix: 'core.cloudapi.de', authority: 'https://login.microsoftonline.de' },
};

function cloudOf(settings: Settings): Cloud {
  const name = settings.get('azureEnvironmentName');
  const cloud = Object.hasOwn(CLOUDS, name) ? CLOUDS[name] : undefined;
  if (cloud !== undefined) return cloud;
  throw new Failure('usage', {
    message: `cannot use azure-environment-name ${JSON.stringify(name)}: there is no such environment`,
    remedy: `Set it to one of ${Object.keys(CLOUDS).join(', ')}, or set azure-endpoint-suffix.`,
  });
}

function proofFrom(settings: Settings): Application['proof'] | undefined {
  const secret = settings.get('azureClientSecret');
  const certificate = settings.get('azureClientCertificateFile');
  const token = settings.get('azureFederatedTokenFile');
  if (secret !== undefined) return { kind: 'secret', secret };
  if (certificate !== undefined) return { kind: 'certificate', file: certificate };
  return token === undefined ? undefined : { kind: 'federatedToken', file: token };
}

function applicationFrom(settings: Settings, authority: string): Application | undefined {
  const proof = proofFrom(settings);
  if (proof === undefined) return undefined;
  const [tenantId, clientId] = [settings.get('azureTenantId'), settings.get('azureClientId')];
  if (tenantId !== undefined && clientId !== undefined)
    return {
      kind: 'application',
      tenantId,
      clientId,
      proof,
      authority: settings.get('azureAuthorityHost') ?? authority,
    };
  throw new Failure('usage', {
    message: `cannot use the application for Azure: ${tenantId === undefined ? 'AZURE_TENANT_ID' : 'AZURE_CLIENT_ID'} is not set, and what proves the application is`,
    remedy: 'Set AZURE_TENANT_ID and AZURE_CLIENT_ID, or unset the secret, certificate or federated token.',
  });
}

function credentialsFrom(settings: Settings, authority: string): readonly Credentials[] {
  const [key, token] = [settings.get('azureStorageAccessKey'), settings.get('azureStorageSasToken')];
  if (key !== undefined) return [{ kind: 'key', key }];
  if (token !== undefined) return [{ kind: 'sas', token }];
  const application = applicationFrom(settings, authority);
  if (application !== undefined) return [application];
  const managed = {
    kind: 'managed',
    ...defined({
      clientId: settings.get('azureClientId'),
      endpoint: settings.get('azureIdentityEndpoint'),
      endpointHeader: settings.get('azureIdentityHeader'),
      metadataHost: settings.get('azureMetadataHost'),
    }),
  } as const;
  return [managed, { kind: 'cli' }];
}

/** How the settings say that Azure is reached. @throws {Failure} `usage`. */
export function azureLocation(address: Extract<ArchiveAddress, { kind: 'azure' }>, settings: Settings): AzureLocation {
  const account = settings.get('azureStorageAccount');
  if (account === undefined)
    throw new Failure('usage', {
      message: `cannot use azure://${address.container}: the storage account is not set`,
      remedy: 'Set azure-storage-account (AZURE_STORAGE_ACCOUNT).',
    });
  const { suffix, authority } = cloudOf(settings);
  const host = `https://${account}.blob.${settings.get('azureEndpointSuffix') ?? suffix}`;
  return {
    ...address,
    ...httpSettings(settings),
    account,
    endpoint: settings.get('azureEndpoint') ?? host,
    credentials: credentialsFrom(settings, authority),
    apiVersion: settings.get('azureApiVersion'),
    blockSizeBytes: settings.get('azureBufferSize'),
    concurrentBlocks: settings.get('azureMaxBuffers'),
    ...defined({ caFile: settings.get('azureCaFile') }),
  };
}
