/**
 * `walkback agent` as a process of its own, as it runs beside a server.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { ROOT, until } from './archived-cluster.ts';

/** How an agent is started. */
export interface AgentProcessOptions {
  readonly dataDirectory: string;
  readonly spool: string;
  /** More variables: where the archive is, how the server is reached. */
  readonly environment: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** An agent that runs. Disposing ends it. */
export class AgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** What it said, a line each. */
  readonly lines: string[] = [];

  constructor({ dataDirectory, spool, environment, args = [] }: AgentProcessOptions) {
    const given = ['agent', `--data-directory=${dataDirectory}`, `--spool-directory=${spool}`, ...args];
    const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment };
    this.#child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), ...given], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#ended = once(this.#child, 'close');
    if (this.#child.stderr !== null)
      createInterface({ input: this.#child.stderr }).on('line', (line) => this.lines.push(line));
  }

  /** The process, to measure it. */
  get processId(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until it has said something. @throws with everything that it said, if it does not in time. */
  async says(what: RegExp, timeoutMs = 60_000): Promise<string> {
    const found = () => this.lines.find((line) => what.test(line));
    await until(`the agent says ${what}`, async () => found() !== undefined, timeoutMs).catch((error: unknown) => {
      throw new Error(`it said:\n${this.lines.join('\n')}`, { cause: error });
    });
    return found() ?? '';
  }

  /** Ends it, and waits for its end. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
