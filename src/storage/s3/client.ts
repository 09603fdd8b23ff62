/**
 * The SDK's client, set up for an archive: its own retries are off, because ours know the deadline of the whole call.
 *
 * @module
 */

import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

import type { StoreDeadlines } from '../deadlines.ts';
import { makeHttpAgents } from '../http-agents.ts';
import { credentialsSetting } from './credentials.ts';
import { endpointUrl } from './endpoint.ts';
import type { S3Location } from './s3-location.ts';

const CONNECT_MS = 10_000;

/** Where AWS's own chain starts looking when nothing names a region; the answer then says which it is. */
const FIRST_REGION = 'us-east-1';

function regionSetting({ region, endpoint }: S3Location): Pick<S3ClientConfig, 'region'> {
  if (region !== undefined) return { region };
  return endpoint === undefined ? {} : { region: FIRST_REGION };
}

/** A client for one region. Without one, that of the location, or what the SDK finds. */
export async function makeClient(location: S3Location, deadlines: StoreDeadlines, region?: string): Promise<S3Client> {
  const agents = await makeHttpAgents(location);
  const client = new S3Client({
    ...(region === undefined ? regionSetting(location) : { region }),
    ...(location.endpoint === undefined ? {} : { endpoint: endpointUrl(location.endpoint) }),
    ...(await credentialsSetting(location)),
    ...(location.isDualStack === true ? { useDualstackEndpoint: true } : {}),
    forcePathStyle: location.forcePathStyle ?? false,
    maxAttempts: 1,
    followRegionRedirects: false,
    // The header saves little, and behind a proxy that broke connections uploads with it were seen to hang for 5 s each.
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_MS, deadlines.attemptIdleMs),
      socketTimeout: deadlines.attemptIdleMs,
      httpAgent: agents.http,
      httpsAgent: agents.https,
    },
  });
  askForChecksums(client);
  return client;
}

/**
 * Has the store send the checksum it keeps of an object along with the object. The SDK would do this itself and check
 * it, but per answer; a body that was resumed comes from several, and is checked as a whole by us.
 */
function askForChecksums(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (given) => {
      const { request } = given;
      const isGet = context['commandName'] === 'GetObjectCommand';
      if (isGet && hasHeaders(request)) request.headers['x-amz-checksum-mode'] = 'ENABLED';
      return next(given);
    },
    { step: 'build', name: 'walkbackChecksumMode' },
  );
}

function hasHeaders(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request;
}
