/**
 * The server of an archive in S3, from what was configured.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';

/** An endpoint as a URL. Without a scheme it is `https`, as WAL-G has it. @throws {Failure} `usage` if it is none. */
export function endpointUrl(endpoint: string): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
  const url = URL.parse(text);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url !== null && isHttp && url.username === '' && url.search === '') return url.href.replace(/\/+$/, '');
  throw new Failure('usage', {
    message: `cannot use the S3 endpoint ${JSON.stringify(withoutUser(endpoint))}: it is no http or https address`,
    remedy: 'Write it as host, host:port or https://host:port.',
  });
}

/** What stands before `@` may be a password. */
function withoutUser(endpoint: string): string {
  return endpoint.replace(/\/\/[^/]*@/, '//…@');
}

/** A prefix of keys: without `/` at its ends, and then with one at its end unless it is empty. */
export function keyPrefix(prefix: string): string {
  const trimmed = prefix.replaceAll(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `${trimmed}/`;
}
