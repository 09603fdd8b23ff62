/**
 * A program run in a container.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { ApiSession } from './api-session.ts';
import type { ExecOutcome, KubernetesApi } from './kubernetes-api.ts';
import type { ObjectPaths } from './object-paths.ts';
import { cutOff, openPodSocket, STATUS_CHANNEL } from './pod-socket.ts';
import { wordsOf } from './server-answer.ts';

type ExecOptions = Parameters<KubernetesApi['exec']>[3];

const STDIN_CHANNEL = 0;
const STDOUT_CHANNEL = 1;
const STDERR_CHANNEL = 2;
/** The first minor of Kubernetes whose servers let an input be ended: https://github.com/kubernetes/enhancements/issues/4006 */
const CLOSES_INPUT_SINCE = 30;
/** A program's name and input, for a server that cannot end an input: the shell reads so many bytes of it. */
const COUNTED_INPUT = 'size=$1; shift; head -c "$size" | "$@"';

/** Runs programs, over one session. */
export class PodExec {
  readonly #session: ApiSession;
  readonly #paths: ObjectPaths;
  #closesInput: Promise<boolean> | undefined;

  constructor(session: ApiSession, paths: ObjectPaths) {
    this.#session = session;
    this.#paths = paths;
  }

  async run(
    pod: string,
    container: string,
    command: readonly string[],
    options: ExecOptions = {},
  ): Promise<ExecOutcome> {
    const { stdin, signal, onStdout } = options;
    signal?.throwIfAborted();
    const { asked, path } = await this.#paths.object({ apiVersion: 'v1', kind: 'Pod', name: pod }, 'create', 'exec');
    await this.#session.untilMayChange(asked, signal);
    const input = stdin === undefined ? undefined : Buffer.from(stdin, 'utf8');
    const words = input === undefined ? command : await this.#withInput(command, input.byteLength);
    const output = new Output(onStdout);
    const url = `${path}?${queryOfExec(container, words, input !== undefined)}`;
    const socket = await openPodSocket(this.#session, asked, url, (channel, bytes) => output.add(channel, bytes));
    const stop = (): void => socket.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (input !== undefined) {
        socket.send(STDIN_CHANNEL, input);
        if (socket.canCloseChannel) socket.closeChannel(STDIN_CHANNEL);
      }
      await Promise.race([socket.closed, output.ended]);
      signal?.throwIfAborted();
      return output.outcome(wordsOf(asked));
    } finally {
      signal?.removeEventListener('abort', stop);
      socket.close();
    }
  }

  async #withInput(command: readonly string[], sizeBytes: number): Promise<readonly string[]> {
    this.#closesInput ??= this.#readVersion();
    const closesInput = await this.#closesInput.catch(() => false);
    return closesInput ? command : ['sh', '-c', COUNTED_INPUT, 'sh', String(sizeBytes), ...command];
  }

  async #readVersion(): Promise<boolean> {
    const asked = { verb: 'get', resource: 'version', group: '' };
    const version = await this.#session.read({ asked, method: 'GET', path: '/version' });
    const minor: unknown = typeof version === 'object' && version !== null ? Reflect.get(version, 'minor') : undefined;
    return Number.parseInt(String(minor), 10) >= CLOSES_INPUT_SINCE;
  }
}

function queryOfExec(container: string, command: readonly string[], hasInput: boolean): string {
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true', stdin: String(hasInput) });
  for (const word of command) query.append('command', word);
  return query.toString();
}

/** What comes of a program. */
class Output {
  readonly #onStdout: ((text: string) => void) | undefined;
  readonly #decoders = [new TextDecoder(), new TextDecoder()] as const;
  readonly #ended = Promise.withResolvers<undefined>();
  #stdout = '';
  #stderr = '';
  #status = '';

  constructor(onStdout: ((text: string) => void) | undefined) {
    this.#onStdout = onStdout;
  }

  /** Settles with the server's last word. */
  get ended(): Promise<undefined> {
    return this.#ended.promise;
  }

  add(channel: number, bytes: Buffer): void {
    if (channel === STDOUT_CHANNEL) {
      const text = this.#decoders[0].decode(bytes, { stream: true });
      this.#stdout += text;
      if (text !== '') this.#onStdout?.(text);
    } else if (channel === STDERR_CHANNEL) {
      this.#stderr += this.#decoders[1].decode(bytes, { stream: true });
    } else if (channel === STATUS_CHANNEL) {
      this.#status += bytes.toString('utf8');
      if (this.#status !== '') this.#ended.resolve(undefined);
    }
  }

  outcome(what: string): ExecOutcome {
    if (this.#status === '') throw cutOff(what);
    const status = JSON.parse(this.#status) as {
      status?: string;
      reason?: string;
      message?: string;
      details?: { causes?: { reason?: string; message?: string }[] };
    };
    const output = { stdout: this.#stdout, stderr: this.#stderr };
    if (status.status === 'Success') return { exitCode: 0, ...output };
    const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
    if (status.reason === 'NonZeroExitCode' && code !== undefined) return { exitCode: Number(code), ...output };
    throw new Failure('failed', {
      message: `cannot ${what}: ${status.message ?? this.#status}`,
      remedy:
        'Look at the pod: kubectl describe pod. Its container has to run, and the program has to be in its image.',
    });
  }
}
