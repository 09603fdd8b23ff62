/**
 * Settings of archives in Azure Blob Storage.
 *
 * Sources of the other names: WAL-G `pkg/storages/azure/configure.go`; Azure SDKs, "DefaultAzureCredential".
 *
 * @module
 */

import { walgNames, type Setting } from './setting.ts';
import { bytes, integer, matching, path, text } from './value-kind.ts';

/** Settings of the store `azure`. */
export const AZURE_SETTINGS = {
  azurePrefix: {
    group: 'archive',
    kind: text,
    summary:
      "The archive in Azure, as WAL-G names it. Used when `archive` is not set; no other prefix of WAL-G's may be set too.",
    example: 'azure://backups/shop-prod',
    alsoFrom: ['WALG_AZ_PREFIX', 'WALE_AZ_PREFIX'],
    environmentOnly: true,
  },
  azureStorageAccount: {
    group: 'archive',
    kind: matching(/^[a-z0-9-]{3,63}$/, 'NAME', 'the name of a storage account: small letters and digits'),
    summary: 'The storage account that the container is in.',
    example: 'shopbackups',
    alsoFrom: walgNames('AZURE_STORAGE_ACCOUNT'),
  },
  azureStorageAccessKey: {
    group: 'archive',
    kind: text,
    summary:
      'The key of the account. Without it and a SAS token: the application of the environment, the identity of the pod or machine, the login of `az`, whichever is there first.',
    example: '(a secret)',
    alsoFrom: walgNames('AZURE_STORAGE_ACCESS_KEY'),
    secret: true,
  },
  azureStorageSasToken: {
    group: 'archive',
    kind: text,
    summary: 'A shared access signature with the permissions racwdl, used when there is no key. A leading ? may stay.',
    example: '(a secret)',
    alsoFrom: walgNames('AZURE_STORAGE_SAS_TOKEN'),
    secret: true,
  },
  azureTenantId: {
    group: 'archive',
    kind: text,
    summary: 'The tenant of the application that asks for tokens.',
    example: '72f988bf-86f1-41af-91ab-2d7cd011db47',
    alsoFrom: ['AZURE_TENANT_ID'],
  },
  azureClientId: {
    group: 'archive',
    kind: text,
    summary: 'The application that asks for tokens; with a managed identity, which one.',
    example: '8bd004e6-65ac-4c36-8d1f-7f0a7e9b6c1f',
    alsoFrom: ['AZURE_CLIENT_ID'],
  },
  azureClientSecret: {
    group: 'archive',
    kind: text,
    summary: 'The secret of the application.',
    example: '(a secret)',
    alsoFrom: ['AZURE_CLIENT_SECRET'],
    secret: true,
  },
  azureClientCertificateFile: {
    group: 'archive',
    kind: path,
    summary: 'A PEM file with the certificate of the application and its private key, in place of the secret.',
    example: '/etc/walkback/azure.pem',
    alsoFrom: ['AZURE_CLIENT_CERTIFICATE_PATH'],
  },
  azureFederatedTokenFile: {
    group: 'archive',
    kind: path,
    summary:
      'A file with a token of Kubernetes (or another issuer) that stands for the application: workload identity.',
    example: '/var/run/secrets/azure/tokens/azure-identity-token',
    alsoFrom: ['AZURE_FEDERATED_TOKEN_FILE'],
  },
  azureAuthorityHost: {
    group: 'archive',
    kind: text,
    summary: 'Where tokens are asked for. Absent: that of the environment.',
    example: 'https://login.microsoftonline.us',
    alsoFrom: ['AZURE_AUTHORITY_HOST'],
  },
  azureIdentityEndpoint: {
    group: 'archive',
    kind: text,
    summary:
      'Where App Service, container apps or Azure Arc give tokens. Absent: the metadata server of virtual machines.',
    example: 'http://localhost:40342/metadata/identity/oauth2/token',
    alsoFrom: ['IDENTITY_ENDPOINT'],
    environmentOnly: true,
  },
  azureIdentityHeader: {
    group: 'archive',
    kind: text,
    summary: 'What is sent along to that address by App Service and container apps.',
    example: '(a secret)',
    alsoFrom: ['IDENTITY_HEADER'],
    environmentOnly: true,
    secret: true,
  },
  azureMetadataHost: {
    group: 'archive',
    kind: text,
    summary:
      'The metadata server that gives a virtual machine or pod its tokens, where it is not at its usual address.',
    example: 'http://169.254.169.254',
    alsoFrom: ['AZURE_POD_IDENTITY_AUTHORITY_HOST'],
    environmentOnly: true,
  },
  azureEnvironmentName: {
    group: 'archive',
    kind: text,
    summary:
      'Which Azure: AzurePublicCloud, AzureUSGovernmentCloud, AzureChinaCloud or AzureGermanCloud. Another name is an error, where WAL-G takes it for the public one.',
    default: 'AzurePublicCloud',
    example: 'AzureUSGovernmentCloud',
    alsoFrom: walgNames('AZURE_ENVIRONMENT_NAME'),
  },
  azureEndpointSuffix: {
    group: 'archive',
    kind: matching(/^[A-Za-z0-9.-]+(:\d+)?$/, 'HOST', 'the end of a host name, such as core.windows.net'),
    summary: 'What follows account.blob. in the address of the store. Absent: that of the environment.',
    example: 'core.windows.net',
    alsoFrom: walgNames('AZURE_ENDPOINT_SUFFIX'),
  },
  azureEndpoint: {
    group: 'archive',
    kind: text,
    summary: 'The whole address of the account on another server, an emulator or a private endpoint.',
    example: 'http://127.0.0.1:10000/devstoreaccount1',
  },
  azureBufferSize: {
    group: 'archive',
    kind: bytes(1024, 4000 * 1024 ** 2),
    summary: 'The size of one block of a large object. An object can have 50,000 blocks.',
    default: '8MB',
    example: '32MB',
    alsoFrom: walgNames('AZURE_BUFFER_SIZE'),
  },
  azureMaxBuffers: {
    group: 'archive',
    kind: integer(1, 64),
    summary: 'How many blocks of one object are sent at a time.',
    default: '4',
    example: '8',
    alsoFrom: walgNames('AZURE_MAX_BUFFERS'),
  },
  azureApiVersion: {
    group: 'archive',
    kind: matching(/^\d{4}-\d{2}-\d{2}$/, 'DATE', 'a version of the API, such as 2021-12-02'),
    summary: 'The version of the API that is spoken, for servers that do not know the default.',
    default: '2021-12-02',
    example: '2019-12-12',
    alsoFrom: walgNames('AZURE_BLOB_STORE_API_VERSION'),
  },
  azureCaFile: {
    group: 'archive',
    kind: path,
    summary: 'A file of certificates (PEM) by which the server is trusted, beside those the system trusts.',
    example: '/etc/ssl/storage-ca.pem',
  },
} as const satisfies Record<string, Setting>;
