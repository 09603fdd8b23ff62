/**
 * Asking for a token over HTTP, and what the answer is. Answers of a good status are never quoted: a token may be in them.
 * What is quoted of others does not hold the secrets that were sent, should a server give them back.
 *
 * Source: RFC 6749 sections 5.1 and 5.2; Azure, "How to use managed identities on a VM", "Retry guidance".
 *
 * @module
 */

import { readText, type HttpAnswer, type HttpRequest } from '../send-request.ts';
import { readAzureError } from './azure-error.ts';
import { noToken, TokenGiverAway, unansweredBy } from './token-failure.ts';

/** Sends a request without a token. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/** A token that Azure takes for a while. */
export interface Token {
  readonly text: string;
  /** In milliseconds since 1970, by this machine's clock. */
  readonly endsAtMs: number;
}

/** What tokens are asked for. */
export const STORAGE_RESOURCE = 'https://storage.azure.com/';

/** Who is asked, and how. */
export interface Question {
  readonly whose: 'application' | 'managed';
  readonly send: Send;
  readonly request: HttpRequest;
  /** What must not be in a message, though the server repeats it. */
  readonly secrets: readonly string[];
  /** Statuses that pass with time, beside those that always do. */
  readonly passing?: readonly number[];
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

/** Asks, and hands back the answer whatever its status. @throws {TokenGiverAway} if there is none. */
export async function ask({ send, request }: Question): Promise<HttpAnswer> {
  try {
    return await send(request);
  } catch (error) {
    throw unansweredBy(new URL(request.url).host, error);
  }
}

/** The token in an answer. @throws {Failure} `denied` if it is refused. @throws {TokenGiverAway} to be tried again. */
export async function tokenIn(answer: HttpAnswer, question: Question): Promise<Token> {
  const { host } = new URL(question.request.url);
  try {
    return answer.status === 200 ? parseToken(await readText(answer), host) : await refuse(answer, host, question);
  } catch (error) {
    throw unansweredBy(host, error);
  }
}

function parseToken(text: string, host: string): Token {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TokenGiverAway(host, 'its answer is no JSON', undefined);
  }
  const member = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  const token = member('access_token');
  // A line break in a header would be refused with a message that quotes it.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new TokenGiverAway(host, 'there is no token in its answer', undefined);
  const atS = numberOf(member('expires_on'));
  const inS = numberOf(member('expires_in'));
  // App Service once gave a date in words, which is no number: an hour is what all of them give at least.
  return { text: token, endsAtMs: atS === undefined ? Date.now() + (inS ?? 3600) * 1000 : atS * 1000 };
}

async function* onePiece(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** A text without secrets, in the forms that they are sent and quoted in. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  const written = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      new URLSearchParams({ a: secret }).toString().slice(2),
    ]);
  return written.reduce((left, secret) => left.replaceAll(secret, '…'), text);
}

async function refuse(answer: HttpAnswer, host: string, question: Question): Promise<never> {
  const hide = (text: string): string => withoutSecrets(text, question.secrets);
  // All of it first: an error is cut to its beginning, which might end within a secret.
  const body = onePiece(hide(await readText(answer)));
  const { status, code, message, headers } = await readAzureError({ ...answer, body });
  const name = code === String(status) ? '' : ` ${hide(code)}`;
  const found = `${status}${name}${message === '' ? '' : `: ${hide(message)}`}`;
  const passes = status < 400 || status === 408 || status === 429 || status >= 500;
  if (passes || question.passing?.includes(status) === true || code === 'temporarily_unavailable')
    throw new TokenGiverAway(host, `it answered ${found}`, undefined, headers['retry-after']);
  throw noToken(question.whose, `${host} answered ${found}`);
}
