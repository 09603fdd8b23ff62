/**
 * Whose word is given to S3: what was configured, the SDK's own chain, or a role that one of those may assume.
 *
 * @module
 */

import type { S3ClientConfig } from '@aws-sdk/client-s3';

import { tellingItsErrors } from './role-error.ts';
import type { S3Location } from './s3-location.ts';

const ROLE_LIFETIME_S = 3600;

/** STS is asked in the region of the bucket, or where it answers for all. */
function stsConfig({ region, role }: S3Location): { region: string; endpoint?: string } {
  const endpoint = role?.stsEndpoint;
  return { region: region ?? 'us-east-1', ...(endpoint === undefined ? {} : { endpoint }) };
}

/**
 * What the SDK finds by itself: in the environment, in a profile, of the machine. Its files are read anew for each client:
 * the SDK would keep what they held, or that they were not there, until the process ends.
 */
async function foundCredentials(): Promise<NonNullable<S3ClientConfig['credentials']>> {
  const { fromNodeProviderChain } = await import('./credential-providers.ts');
  return fromNodeProviderChain({ ignoreCache: true });
}

/** The setting of the client. Asks nobody yet. */
export async function credentialsSetting(location: S3Location): Promise<Pick<S3ClientConfig, 'credentials'>> {
  const credentials = location.credentials ?? (await foundCredentials());
  const { role } = location;
  if (role === undefined) return { credentials };
  const { fromTemporaryCredentials, fromTokenFile } = await import('./credential-providers.ts');
  const { arn, sessionName, webIdentityTokenFile } = role;
  const clientConfig = stsConfig(location);
  if (webIdentityTokenFile !== undefined)
    return {
      credentials: tellingItsErrors(
        role,
        fromTokenFile({ webIdentityTokenFile, roleArn: arn, roleSessionName: sessionName, clientConfig }),
      ),
    };
  return {
    credentials: tellingItsErrors(
      role,
      fromTemporaryCredentials({
        masterCredentials: credentials,
        params: { RoleArn: arn, RoleSessionName: sessionName, DurationSeconds: ROLE_LIFETIME_S },
        clientConfig,
      }),
    ),
  };
}

/** True if other credentials may be had than those that were refused. */
export function canRenew({ credentials, role }: S3Location): boolean {
  return role !== undefined || credentials === undefined;
}
