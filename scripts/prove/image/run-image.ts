/**
 * Looks at a server in a container of the image as a platform's rules would have it.
 *
 * @module
 */

import { podman, startContainer, type RunningContainer } from '../../../tests/support/containers.ts';
import { startImageServer } from '../../../tests/support/image-server.ts';
import { IMAGE_MAJORS, type TestImage } from './test-image.ts';

/** OpenShift gives a project 10,000 numbers from 1,000,000,000 up. */
function madeUpUser(seed: number): number {
  return 1_000_000_000 + ((seed * 7919) % 40_000) * 10_000 + ((seed * 104_729) % 10_000);
}

/** One thing that must be so: what is looked at, what it must be. */
interface Expected {
  readonly what: string;
  readonly expected: string;
  readonly found: () => Promise<string>;
}

/** A line of `/proc/1/status` in a container. */
async function processStatus(container: RunningContainer, field: string): Promise<string> {
  return (await container.exec('sed', '-n', `s/^${field}:[[:space:]]*//p`, '/proc/1/status')).trim();
}

/** How a healthy server came out: what was not as it must be, and how long it took to be ready. */
export interface HealthyOutcome {
  readonly problems: readonly string[];
  readonly startedMs: number;
  readonly text: string;
}

/** Starts a server of a major as a made-up user and looks at it. */
export async function runHealthy(image: TestImage, seed: number): Promise<HealthyOutcome> {
  const major = IMAGE_MAJORS[seed % IMAGE_MAJORS.length] ?? IMAGE_MAJORS[0];
  const userId = madeUpUser(seed);
  await using server = await startImageServer({ image: image.tag, major, userId, etcd: image.etcd });
  const { container } = server;
  const refused = (...words: string[]): Promise<string> =>
    container.exec(...words).then(
      () => 'was done',
      () => 'refused',
    );
  const expectations: readonly Expected[] = [
    {
      what: 'PostgreSQL',
      expected: String(major),
      found: async () => (await server.sql('show server_version_num')).slice(0, 2),
    },
    { what: 'in recovery', expected: 'f', found: () => server.sql('select pg_is_in_recovery()') },
    { what: 'the user of the socket', expected: 'postgres', found: () => server.sql('select current_user') },
    { what: 'the name of the user', expected: 'postgres', found: () => container.exec('id', '-un') },
    {
      what: 'the data directory',
      expected: `700 ${userId}`,
      found: () => container.exec('sh', '-c', 'stat -c "%a %u" "$PGDATA"'),
    },
    { what: 'rights of process 1', expected: '0000000000000000', found: () => processStatus(container, 'CapEff') },
    { what: 'new rights', expected: '1', found: () => processStatus(container, 'NoNewPrivs') },
    { what: 'writing to /usr', expected: 'refused', found: () => refused('touch', '/usr/share/written') },
    { what: 'writing to /etc/passwd', expected: 'refused', found: () => refused('sh', '-c', 'echo x >>/etc/passwd') },
    {
      what: 'initialising anew as the user',
      expected: '',
      found: () =>
        container.exec(
          'sh',
          '-c',
          `/usr/lib/postgresql/${major}/bin/initdb -D /tmp/again >/tmp/out 2>&1 || cat /tmp/out`,
        ),
    },
    {
      what: 'what the server calls to archive and to restore',
      expected: '/usr/local/bin/walkback-archive /usr/local/bin/walkback-restore',
      found: async () =>
        (await container.exec('sh', '-c', 'command -v walkback-archive; command -v walkback-restore'))
          .trim()
          .replace('\n', ' '),
    },
    {
      what: 'walkback',
      expected: 'runs',
      found: async () => ((await container.exec('walkback', '--version')) === '' ? 'nothing' : 'runs'),
    },
  ];
  const problems: string[] = [];
  for (const { what, expected, found } of expectations) {
    const is = await found().catch((error: unknown) => String(error));
    if (is !== expected) problems.push(`${what} must be ${JSON.stringify(expected)}, and is ${JSON.stringify(is)}`);
  }
  return { problems, startedMs: server.startedMs, text: `PostgreSQL ${major} as user ${userId}` };
}

/** Root is refused before anything is started. */
export async function runRefusal(image: TestImage): Promise<readonly string[]> {
  await using container = await startContainer({ image: image.tag, userId: 0, environment: {} });
  const code = (await podman('wait', container.name)).trim();
  const said = await container.logs();
  return code === '77' && said.includes('cannot start as root')
    ? []
    : [`root must be refused with 77, and ended with ${code}: ${said}`];
}
