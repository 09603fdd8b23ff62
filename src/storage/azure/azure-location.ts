/**
 * Where an archive in Azure Blob Storage is, and how to reach it. Loads nothing.
 *
 * @module
 */

import type { HttpSettings } from '../http-agents.ts';

/** How an application that is registered with Entra proves who it is. */
export type AzureApplicationProof =
  | { readonly kind: 'secret'; readonly secret: string }
  /** A PEM file with the certificate and its private key. */
  | { readonly kind: 'certificate'; readonly file: string }
  /** A file with a token of another issuer, such as Kubernetes, that Entra trusts. */
  | { readonly kind: 'federatedToken'; readonly file: string };

/** An application registered with Entra. */
export interface AzureApplication {
  readonly kind: 'application';
  readonly tenantId: string;
  readonly clientId: string;
  readonly proof: AzureApplicationProof;
  /** Default `https://login.microsoftonline.com`. */
  readonly authority?: string;
}

/** The identity that Azure gave to the machine, container or function that this runs on. */
export interface AzureManagedIdentity {
  readonly kind: 'managed';
  /** Which one, where there are several. */
  readonly clientId?: string;
  /** Where tokens are asked for; not given: the metadata server of virtual machines. */
  readonly endpoint?: string;
  /** Sent along to `endpoint`, as App Service and container apps want it; without it, it is that of Azure Arc. */
  readonly endpointHeader?: string;
  /** Where the metadata server is, if not at the address that is the same on all virtual machines. */
  readonly metadataHost?: string;
  /** Where the agent of Azure Arc keeps its keys. Default `/var/opt/azcmagent/tokens`. */
  readonly arcKeyFolder?: string;
}

/** Whose word is given to Azure. */
export type AzureCredentials =
  /** The account's own key, in base64. */
  | { readonly kind: 'key'; readonly key: string }
  /** A shared access signature: the part of an address after `?`. */
  | { readonly kind: 'sas'; readonly token: string }
  | AzureApplication
  | AzureManagedIdentity
  /** The login of the program `az`. */
  | { readonly kind: 'cli' };

/** An archive in a container of Azure Blob Storage. */
export interface AzureLocation extends HttpSettings {
  readonly kind: 'azure';
  readonly account: string;
  readonly container: string;
  /** The part of every key before the archive's own, without `/` at its ends; may be empty. */
  readonly prefix: string;
  /** Those that are tried, in this order, until one is there to be used. At least one. */
  readonly credentials: readonly AzureCredentials[];
  /** The account's address: `https://account.blob.core.windows.net`, or `http://127.0.0.1:10000/account`. */
  readonly endpoint: string;
  /** Sent as `x-ms-version`, for servers that do not know the default. */
  readonly apiVersion?: string;
  /** Bodies larger than this are sent in blocks of it. Default 8 MiB, as in WAL-G. */
  readonly blockSizeBytes?: number;
  /** How many blocks of one body are sent at a time. Default 4, as in WAL-G. */
  readonly concurrentBlocks?: number;
  /** How many blobs are asked for with one page of a listing. Default 5,000, the most that Azure gives. */
  readonly listPageBlobs?: number;
}

/** The defaults of WAL-G (`pkg/storages/azure/configure.go`). */
export const DEFAULT_BLOCK_SIZE_BYTES = 8 * 1024 * 1024;
export const DEFAULT_CONCURRENT_BLOCKS = 4;

/** The most that Azure gives with one page of a listing. */
export const DEFAULT_LIST_PAGE_BLOBS = 5000;

/** The version of the API that is spoken: names in listings that XML cannot hold came with 2021-02-12. */
export const API_VERSION = '2021-12-02';
