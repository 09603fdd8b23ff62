/**
 * What a container writes.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { hasEnded } from './container-state.ts';
import type { ApiSession } from './api-session.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import type { Pod } from './kubernetes-objects.ts';
import { linesOf } from './lines-of.ts';
import { queryOf, type ObjectPaths } from './object-paths.ts';
import { failureOf, Refusal } from './server-answer.ts';

type LogOptions = Parameters<KubernetesApi['logs']>[2];

const AGAIN_MS = 500;
/** A connection of which nobody has said that it is dead brings nothing either: it is made again. */
const QUIET_MS = 120_000;

/** Reads logs, over one session. */
export class PodLogs {
  readonly #session: ApiSession;
  readonly #paths: ObjectPaths;

  constructor(session: ApiSession, paths: ObjectPaths) {
    this.#session = session;
    this.#paths = paths;
  }

  async read(pod: string, container: string, options: LogOptions = {}): Promise<string> {
    const query = queryOf({
      container,
      tailLines: options.tailLines,
      sinceTime: options.sinceTime,
      previous: options.isPrevious,
    });
    const request = await this.#request(pod, query);
    return this.#session.readText(request);
  }

  /** Lines come with the server's time, by which those that were seen before a cut are known again. */
  async *follow(pod: string, container: string, signal: AbortSignal): AsyncGenerator<string> {
    let last = '';
    for (;;) {
      const query = queryOf({ container, follow: true, timestamps: true, sinceTime: secondOf(last) });
      try {
        const message = await this.#session.stream(await this.#request(pod, query), signal);
        message.setTimeout(QUIET_MS, () => message.destroy());
        for await (const line of linesOf(message)) {
          const { at, text } = stamped(line);
          if (at <= last) continue;
          last = at;
          yield text;
          // What has arrived together with it is not wanted any more.
          if (signal.aborted) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        await this.#throwIfFinal(error, pod);
      }
      if (await this.#hasEnded(pod, container)) return;
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
    }
  }

  async #request(pod: string, query: string) {
    const ref = { apiVersion: 'v1', kind: 'Pod', name: pod };
    const { asked, path } = await this.#paths.object(ref, 'get', 'log');
    return { asked, path: path + query, method: 'GET' as const };
  }

  async #throwIfFinal(error: unknown, pod: string): Promise<void> {
    // 400: the container waits to be started.
    if (!(error instanceof Refusal) || error.status === 400 || error.status >= 500 || error.status === 429) return;
    const { asked } = await this.#request(pod, '');
    throw failureOf(asked, this.#session.connection.where.server, error, []);
  }

  async #hasEnded(pod: string, container: string): Promise<boolean> {
    const read = await this.#paths.object({ apiVersion: 'v1', kind: 'Pod', name: pod }, 'get');
    const found = (await this.#session.readOrNothing({ ...read, method: 'GET' })) as Pod | undefined;
    return hasEnded(found, container);
  }
}

/** `2026-06-05T15:02:11.620123456Z text`. */
function stamped(line: string): { readonly at: string; readonly text: string } {
  const space = line.indexOf(' ');
  return space < 0 ? { at: line, text: '' } : { at: line.slice(0, space), text: line.slice(space + 1) };
}

/** The server compares by whole seconds. */
function secondOf(at: string): string | undefined {
  return at === '' ? undefined : at.replace(/\.\d+Z$/, 'Z');
}
