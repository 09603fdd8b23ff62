/**
 * Which accounts a server of S3 has.
 *
 * @module
 */

import { makeHttpAgents } from '../../storage/http-agents.ts';
import { endpointUrl } from '../../storage/s3/endpoint.ts';
import type { S3Location } from '../../storage/s3/s3-location.ts';
import { readText, sendRequest } from '../../storage/send-request.ts';
import type { Accounts } from '../accounts.ts';
import type { Role } from '../bucket-change.ts';
import type { PolicyDocument } from './bucket-policy.ts';
import { awsIam, IamAccounts } from './iam-accounts.ts';
import { MinioAccounts } from './minio-accounts.ts';
import type { S3Api } from './s3-request.ts';

/** Which accounts are made; `auto`: those that the server is known to have. */
export interface AccountsChoice {
  readonly kind: 'auto' | 'iam' | 'minio' | 'none';
  /** Where IAM answers, if not where the store does. */
  readonly iamEndpoint?: string;
}

/** What was found. */
export interface FoundAccounts {
  /** `undefined`: the server has none. */
  readonly accounts: Accounts | undefined;
  /** MinIO takes unfinished uploads away after a day, and refuses a rule for them. */
  readonly hasUploadRules: boolean;
}

const DEFAULT_REGION = 'us-east-1';
const IDLE_MS = 10_000;

/** What the server calls itself; empty if it does not say, or says nothing at all (the store's own call will tell why). */
async function serverName(location: S3Location, endpoint: string): Promise<string> {
  const agents = await makeHttpAgents(location);
  try {
    const request = { method: 'GET', url: `${endpoint}/`, headers: {} } as const;
    const answer = await sendRequest(request, { agents, idleMs: IDLE_MS, signal: AbortSignal.timeout(IDLE_MS) });
    await readText(answer);
    return answer.headers['server'] ?? '';
  } catch {
    return '';
  } finally {
    agents.http.destroy();
    agents.https.destroy();
  }
}

function kindOf(name: string): 'iam' | 'minio' | 'none' {
  if (/^minio/i.test(name)) return 'minio';
  return /seaweed/i.test(name) ? 'iam' : 'none';
}

/** The accounts beside the store at `location`. */
export async function findAccounts(
  api: S3Api,
  location: S3Location,
  choice: AccountsChoice,
  policies: Readonly<Record<Role, PolicyDocument>>,
): Promise<FoundAccounts> {
  const { bucket, region, endpoint } = location;
  if (endpoint === undefined || /\.amazonaws\.com(\.cn)?$/.test(new URL(endpointUrl(endpoint)).hostname)) {
    const own = awsIam(region);
    const place = choice.iamEndpoint === undefined ? own : { ...own, endpoint: endpointUrl(choice.iamEndpoint) };
    return {
      accounts: choice.kind === 'none' ? undefined : new IamAccounts(api, place, bucket, policies),
      hasUploadRules: true,
    };
  }
  const url = endpointUrl(endpoint);
  const server = kindOf(await serverName(location, url));
  const kind = choice.kind === 'auto' ? (choice.iamEndpoint === undefined ? server : 'iam') : choice.kind;
  const hasUploadRules = server !== 'minio' && kind !== 'minio';
  const place = region ?? DEFAULT_REGION;
  if (kind === 'none') return { accounts: undefined, hasUploadRules };
  if (kind === 'minio')
    return { accounts: new MinioAccounts(api, { endpoint: url, region: place }, policies), hasUploadRules };
  const iam = { endpoint: choice.iamEndpoint === undefined ? url : endpointUrl(choice.iamEndpoint), region: place };
  return { accounts: new IamAccounts(api, iam, bucket, policies), hasUploadRules };
}
