/**
 * Settings of the way to all stores, and of how fast it is gone.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { bytes, text } from './value-kind.ts';

/** Settings of the network. */
export const NETWORK_SETTINGS = {
  httpsProxy: {
    group: 'archive',
    kind: text,
    summary: 'The proxy through which https addresses are reached. May hold a name and a password.',
    example: 'http://proxy.example.net:3128',
    alsoFrom: ['https_proxy', 'HTTPS_PROXY'],
    secret: true,
  },
  httpProxy: {
    group: 'archive',
    kind: text,
    summary: 'The proxy through which http addresses are reached. May hold a name and a password.',
    example: 'http://proxy.example.net:3128',
    alsoFrom: ['http_proxy', 'HTTP_PROXY'],
    secret: true,
  },
  noProxy: {
    group: 'archive',
    kind: text,
    summary: 'Hosts that are reached without a proxy, separated by commas; `.example.net` means all below it.',
    example: '127.0.0.1,.example.net',
    alsoFrom: ['no_proxy', 'NO_PROXY'],
  },
  networkRateLimit: {
    group: 'writing',
    kind: bytes(1024),
    summary:
      'How many bytes a second a backup may send, or a restore fetch, with all its uploads and downloads together. Absent: as many as it can. WAL that is pushed and fetched is not limited.',
    example: '50MB',
    alsoFrom: ['WALG_NETWORK_RATE_LIMIT'],
  },
  diskRateLimit: {
    group: 'writing',
    kind: bytes(1024),
    summary:
      'How many bytes a second a backup may read from the disk. Absent: as many as it can. Each of its readers has an equal share of it.',
    example: '200MB',
    alsoFrom: ['WALG_DISK_RATE_LIMIT'],
  },
} as const satisfies Record<string, Setting>;
