/**
 * Variables by which the stores of archives are reached.
 *
 * Source: Spilo `ENVIRONMENT.rst`, `configure_spilo.py` (`write_wale_environment`).
 *
 * @module
 */

import type { ContainerVariable } from './container-variable.ts';

/** S3. */
export const S3: readonly ContainerVariable[] = [
  {
    name: 'AWS_ACCESS_KEY_ID',
    summary: 'The access key. Without keys the role of the pod or machine counts.',
    secret: true,
    ofArchive: true,
  },
  { name: 'AWS_SECRET_ACCESS_KEY', summary: 'Its secret key.', secret: true, ofArchive: true },
  {
    name: 'AWS_REGION',
    summary:
      'The region. Without it and without an endpoint, the bucket’s name has to tell it: the zone of the machine is not asked.',
    ofArchive: true,
  },
  { name: 'AWS_ENDPOINT', summary: 'Another server than Amazon. Buckets then stand in the path.', ofArchive: true },
  {
    name: 'WALE_S3_ENDPOINT',
    summary: 'The same as `protocol+convention://host:port`; the convention `path` puts buckets into the path.',
    ofArchive: true,
  },
  {
    name: 'AWS_S3_FORCE_PATH_STYLE',
    summary: 'Buckets stand in the path. An endpoint decides it, as with Spilo.',
    ofArchive: true,
  },
  {
    name: 'AWS_INSTANCE_PROFILE',
    summary: 'Set by Spilo itself without keys. It has no effect: without keys the role counts.',
    ofArchive: true,
  },
  {
    name: 'AWS_ROLE_ARN',
    summary: 'The role to assume, with the token of AWS_WEB_IDENTITY_TOKEN_FILE.',
    ofArchive: true,
  },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', summary: 'The file of that token. It has to be there.', ofArchive: true },
  {
    name: 'AWS_STS_REGIONAL_ENDPOINTS',
    summary: '`regional`, which is always so. Anything else is refused.',
    ofArchive: true,
  },
  { name: 'AWS_EC2_METADATA_SERVICE_ENDPOINT', summary: 'The metadata server of the machine.' },
  { name: 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', summary: 'IPv4 or IPv6 for it.' },
  {
    name: 'WALG_S3_SSE',
    summary: 'How the store encrypts what is written.',
    default: 'AES256, unless there is an endpoint or SSE is disabled',
    ofArchive: true,
  },
  { name: 'WALG_S3_SSE_KMS_ID', summary: 'The key of the key service, for WALG_S3_SSE=aws:kms.', ofArchive: true },
  {
    name: 'WALG_DISABLE_S3_SSE',
    summary: '`true`: the store is not asked to encrypt.',
    default: '`true` with an endpoint',
    ofArchive: true,
  },
  { name: 'WALE_DISABLE_S3_SSE', summary: 'The same.', ofArchive: true },
  {
    name: 'WALG_S3_CA_CERT_FILE',
    summary: 'Certificates by which the server is trusted. The file has to be there.',
    ofArchive: true,
  },
];

/** Google Cloud Storage, Azure, another host. */
export const OTHER_STORES: readonly ContainerVariable[] = [
  {
    name: 'GOOGLE_APPLICATION_CREDENTIALS',
    summary:
      'A file of credentials for Google Cloud Storage. It has to be there; without the variable the metadata server is asked.',
    ofArchive: true,
  },
  { name: 'AZURE_STORAGE_ACCOUNT', summary: 'The storage account.', ofArchive: true },
  {
    name: 'AZURE_STORAGE_ACCESS_KEY',
    summary: 'A key of the account. Of several ways to log in the first is used.',
    secret: true,
    ofArchive: true,
  },
  { name: 'AZURE_STORAGE_SAS_TOKEN', summary: 'A shared access signature.', secret: true, ofArchive: true },
  { name: 'AZURE_TENANT_ID', summary: 'The tenant of a service principal.', ofArchive: true },
  { name: 'AZURE_CLIENT_ID', summary: 'Its identity.', ofArchive: true },
  { name: 'AZURE_CLIENT_SECRET', summary: 'Its secret.', secret: true, ofArchive: true },
  { name: 'AZURE_ENVIRONMENT_NAME', summary: 'The cloud.', default: 'AzurePublicCloud', ofArchive: true },
  { name: 'WALG_AZURE_BUFFER_SIZE', summary: 'The size of one block of an upload.', ofArchive: true },
  { name: 'WALG_AZURE_MAX_BUFFERS', summary: 'How many blocks are sent at a time.', ofArchive: true },
  { name: 'SSH_USERNAME', summary: 'The user on the other host.', ofArchive: true },
  { name: 'SSH_PORT', summary: 'Its port.', default: '22', ofArchive: true },
  { name: 'SSH_PRIVATE_KEY_PATH', summary: 'The file of the key. It has to be there.', ofArchive: true },
];

const SWIFT_NAMES = [
  'WAL_SWIFT_BUCKET',
  'WALE_SWIFT_PREFIX',
  'SWIFT_AUTHURL',
  'SWIFT_TENANT',
  'SWIFT_TENANT_ID',
  'SWIFT_USER',
  'SWIFT_USER_ID',
  'SWIFT_USER_DOMAIN_NAME',
  'SWIFT_USER_DOMAIN_ID',
  'SWIFT_PASSWORD',
  'SWIFT_AUTH_VERSION',
  'SWIFT_ENDPOINT_TYPE',
  'SWIFT_REGION',
  'SWIFT_DOMAIN_NAME',
  'SWIFT_DOMAIN_ID',
  'SWIFT_PROJECT_NAME',
  'SWIFT_PROJECT_ID',
  'SWIFT_PROJECT_DOMAIN_NAME',
  'SWIFT_PROJECT_DOMAIN_ID',
];

/** OpenStack Swift, which is refused. */
export const SWIFT: readonly ContainerVariable[] = SWIFT_NAMES.map((name) => ({
  name,
  summary: 'An archive in OpenStack Swift.',
  ofArchive: true,
  ...(name === 'SWIFT_PASSWORD' ? { secret: true as const } : {}),
  refused: {
    why: 'archives in OpenStack Swift are neither read nor written',
    instead: 'Use its S3 interface (WAL_S3_BUCKET with AWS_ENDPOINT), or another store.',
  },
}));
