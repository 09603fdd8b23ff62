/**
 * Whose word is given to S3: what was configured, the SDK's own chain, or a role that one of those may assume.
 *
 * @module
 */

import type { S3ClientConfig } from '@aws-sdk/client-s3';

import type { S3Location } from './s3-location.ts';

const ROLE_LIFETIME_S = 3600;

/** STS is asked in the region of the bucket, or where it answers for all. */
function stsConfig({ region, role }: S3Location): { region: string; endpoint?: string } {
  const endpoint = role?.stsEndpoint;
  return { region: region ?? 'us-east-1', ...(endpoint === undefined ? {} : { endpoint }) };
}

/** The setting of the client; none for the SDK's own chain. Asks nobody yet. */
export async function credentialsSetting(location: S3Location): Promise<Pick<S3ClientConfig, 'credentials'>> {
  const { credentials, role } = location;
  if (role === undefined) return credentials === undefined ? {} : { credentials };
  const { fromTemporaryCredentials, fromTokenFile } = await import('@aws-sdk/credential-providers');
  const { arn, sessionName, webIdentityTokenFile } = role;
  const clientConfig = stsConfig(location);
  if (webIdentityTokenFile !== undefined)
    return {
      credentials: fromTokenFile({ webIdentityTokenFile, roleArn: arn, roleSessionName: sessionName, clientConfig }),
    };
  return {
    credentials: fromTemporaryCredentials({
      ...(credentials === undefined ? {} : { masterCredentials: credentials }),
      params: { RoleArn: arn, RoleSessionName: sessionName, DurationSeconds: ROLE_LIFETIME_S },
      clientConfig,
    }),
  };
}

/** True if other credentials may be had than those that were refused. */
export function canRenew({ credentials, role }: S3Location): boolean {
  return role !== undefined || credentials === undefined;
}
