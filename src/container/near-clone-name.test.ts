import { describe, expect, it } from 'vitest';

import { nearCloneName } from './near-clone-name.ts';

const near = (name: string) => nearCloneName(name, isNobodys);
const isNobodys = () => false;

describe('a slip in the name of a variable of a clone', () => {
  it.each([
    ['CLON_TARGET_TIME', 'CLONE_TARGET_TIME'],
    ['CLNOE_TARGET_TIME', 'CLONE_TARGET_TIME'],
    ['CLN_TARGET_TIME', 'CLONE_TARGET_TIME'],
    ['CLONETARGET_TIME', 'CLONE_TARGET_TIME'],
    ['CLONE-TARGET-TIME', 'CLONE_TARGET_TIME'],
    ['clone_target_time', 'CLONE_TARGET_TIME'],
    ['Clone_Target_Time', 'CLONE_TARGET_TIME'],
    ['_CLONE_TARGET_TIME', 'CLONE_TARGET_TIME'],
    ['CLONES_TARGET_TIMELINE', 'CLONE_TARGET_TIMELINE'],
    ['COLNE_TARGET_INCLUSIVE', 'CLONE_TARGET_INCLUSIVE'],
    ['CLONEMETHOD', 'CLONE_METHOD'],
    ['CLON_METHD', 'CLONE_METHOD'],
    ['clone_method', 'CLONE_METHOD'],
    ['CLOEN_SCOPE', 'CLONE_SCOPE'],
    ['KLONE_HOST', 'CLONE_HOST'],
    ['CLON_WALG_GS_PREFIX', 'CLONE_WALG_GS_PREFIX'],
    ['clone_wal_s3_bucket', 'CLONE_WAL_S3_BUCKET'],
    ['CLON_GOOGLE_APPLICATION_CREDENTIALS', 'CLONE_GOOGLE_APPLICATION_CREDENTIALS'],
    ['CLON_WALG_DOWNLOAD_CONCURRENCY', 'CLONE_WALG_DOWNLOAD_CONCURRENCY'],
    ['clone_with_wale', 'CLONE_WITH_WALE'],
  ])('is told wherever it is: %s is %s', (name, meant) => {
    expect(near(name)).toBe(meant);
  });

  it.each([
    'PATH',
    'HOME',
    'HOSTNAME',
    'HOST',
    'PORT',
    'USER',
    'PASSWORD',
    'SCOPE',
    'METHOD',
    'TARGET_TIME',
    'RECOVERY_TARGET_TIME',
    'PGHOST',
    'PGPORT',
    'PGVERSION',
    'PGUSER_SUPERUSER',
    'POD_NAMESPACE',
    'KUBERNETES_SERVICE_HOST',
    'KUBERNETES_SERVICE_PORT_HTTPS',
    'KUBERNETES_PORT_443_TCP_ADDR',
    'AWS_REGION',
    'AWS_SECRET_ACCESS_KEY',
    'AZURE_CLIENT_ID',
    'AZURE_TENANT_ID',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'CLOUD_HOST',
    'CLOUD_USER',
    'CLOUD_PASSWORD',
    'CLOUD_AWS_REGION',
    'CLOUD_AWS_SECRET_ACCESS_KEY',
    'CLOUDSDK_CORE_PROJECT',
    'CLIENT_HOST',
    'CLIENT_USER',
    'CLUSTER_HOST',
    'CLUSTER_SCOPE',
    'CONSUL_HOST',
    'CONSUL_PORT',
    'DRONE_HOST',
    'DRONE_USER',
    'PHONE_HOST',
    'ZONE_HOST',
    'STANDALONE_HOST',
    'RCLONE_USER',
    'RCLONE_PASSWORD',
    'RCLONE_AZUREBLOB_ACCOUNT',
    'GIT_CLONE_DEPTH',
    'CLONE',
    'CLONEDIR',
    'STANDBY_HOST',
    'STANDBY_SCOPE',
    'SSH_USERNAME',
    'http_proxy',
    'no_proxy',
    'TZ',
    'TERM',
  ])('is none in what other software is told: %s', (name) => {
    expect(near(name)).toBeUndefined();
  });

  it('is none in a name that is known', () => {
    expect(nearCloneName('CLONE_TARGET_TIME', (name) => name === 'CLONE_TARGET_TIME')).toBeUndefined();
  });
});
