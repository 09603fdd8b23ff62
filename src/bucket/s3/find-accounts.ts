/**
 * Which accounts a server of S3 has.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { endpointUrl } from '../../storage/s3/endpoint.ts';
import type { S3Location } from '../../storage/s3/s3-location.ts';
import type { Accounts } from '../accounts.ts';
import type { Role } from '../bucket-change.ts';
import type { PolicyDocument } from './bucket-policy.ts';
import { awsIam, IamAccounts } from './iam-accounts.ts';
import { MinioAccounts } from './minio-accounts.ts';
import type { S3Api } from './s3-request.ts';
import { serverName, type ServerName } from './server-name.ts';

/** Which accounts are made; `auto`: those that the server is known to have. */
export interface AccountsChoice {
  readonly kind: 'auto' | 'iam' | 'minio' | 'none';
  /** Where IAM answers, if not where the store does. */
  readonly iamEndpoint?: string;
}

/** What was found. */
export interface FoundAccounts {
  /** `undefined`: none, since that was said. */
  readonly accounts: Accounts | undefined;
  /** MinIO takes unfinished uploads away after a day, and refuses a rule for them. */
  readonly hasUploadRules: boolean;
}

const DEFAULT_REGION = 'us-east-1';
/** A server that is begun anew, or its proxy, may need some seconds. */
const MOST_TRIES = 4;

const KIND_OF = { minio: 'minio', seaweedfs: 'iam' } as const;

/** Whoever guesses wrong hands out the administrator's key in place of one that can use the bucket alone. */
function unknownServer(endpoint: string, { said }: ServerName): Failure {
  return new Failure('refused', {
    message: `cannot tell which accounts the server at ${endpoint} has: it ${said}`,
    remedy: [
      'Say which: --accounts iam for users of IAM (Ceph, SeaweedFS; --iam-endpoint if that is elsewhere), --accounts minio for those of MinIO.',
      'Or --accounts none, if it has no users: writer and viewer then get the key that is given, with all its rights.',
    ].join('\n'),
  });
}

/** The kind that was chosen; else that of the server. @throws {Failure} `refused` if that cannot be told. */
function kindOf(choice: AccountsChoice, server: ServerName, endpoint: string): 'iam' | 'minio' | 'none' {
  if (choice.kind !== 'auto') return choice.kind;
  if (choice.iamEndpoint !== undefined) return 'iam';
  if (server.known === undefined) throw unknownServer(endpoint, server);
  return KIND_OF[server.known];
}

/** The accounts beside the store at `location`. @throws {Failure} `refused` if it is not said which, and cannot be told. */
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
  const isTold = choice.kind !== 'auto' || choice.iamEndpoint !== undefined;
  const server = await serverName(location, url, isTold ? 1 : MOST_TRIES);
  const kind = kindOf(choice, server, url);
  const hasUploadRules = server.known !== 'minio' && kind !== 'minio';
  const place = region ?? DEFAULT_REGION;
  if (kind === 'none') return { accounts: undefined, hasUploadRules };
  if (kind === 'minio')
    return { accounts: new MinioAccounts(api, { endpoint: url, region: place }, policies), hasUploadRules };
  const iam = { endpoint: choice.iamEndpoint === undefined ? url : endpointUrl(choice.iamEndpoint), region: place };
  return { accounts: new IamAccounts(api, iam, bucket, policies), hasUploadRules };
}
