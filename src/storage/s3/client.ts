/**
 * The SDK's client, set up for an archive: its own retries are off, because ours know the deadline of the whole call.
 *
 * @module
 */

import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

import { messageOf } from '../../base/failure.ts';
import type { StoreDeadlines } from '../deadlines.ts';
import { makeHttpAgents } from '../http-agents.ts';
import { credentialsSetting } from './credentials.ts';
import { endpointUrl } from './endpoint.ts';
import type { S3Location } from './s3-location.ts';

const CONNECT_MS = 10_000;

/** Where the first request goes when nothing names a region; the answer then says which it is. */
const FIRST_REGION = 'us-east-1';

/** What the SDK finds by itself: in the environment, in a profile, of the machine. It throws where there is none. */
async function foundRegion(): Promise<string> {
  const client = new S3Client({});
  try {
    return await client.config.region();
  } catch (error) {
    if (messageOf(error).includes('Region is missing')) return FIRST_REGION;
    throw error;
  } finally {
    client.destroy();
  }
}

/** Asked by the SDK for every request, and found once. */
function onceFound(): () => Promise<string> {
  let found: Promise<string> | undefined;
  return async () => (found ??= foundRegion());
}

function regionSetting({ region, endpoint }: S3Location): Pick<S3ClientConfig, 'region'> {
  if (region !== undefined) return { region };
  return { region: endpoint === undefined ? onceFound() : FIRST_REGION };
}

/** A client for one region. Without one, that of the location, what the SDK finds, or where asking begins. */
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
