/**
 * A container engine for a machine that has podman and Debian's packages and nothing else: a configuration and a store of images
 * of its own, a Debian base made with mmdebstrap, and podman's socket for tasks that go on as an ordinary user.
 *
 * Plain JavaScript, built-in modules only, as all that runs before the project's own Node is there.
 *
 * @module
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { withLock } from './lock.mjs';
import { ToolchainProblem } from './problem.mjs';

/** The base of deploy/docker/Containerfile, by the name it has there, and the suite that it is made of. */
export const BASE_IMAGE = 'docker.io/library/debian:trixie-slim';
const SUITE = 'trixie';
const MIRROR = 'http://deb.debian.org/debian';
const SECURITY_MIRROR = 'http://deb.debian.org/debian-security';

/** What Debian's own slim images leave out. */
const NOT_IN_SLIM = ['man', 'info', 'locale', 'doc', 'groff', 'linda', 'lintian'].map(
  (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
);

const PROGRAMS = ['podman', 'runc', 'mmdebstrap'];
const WAIT_MS = 30_000;

function say(text) {
  process.stderr.write(`${text}\n`);
}

function isOnPath(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

/** Why there is no engine here; `undefined` if there can be one. */
export function whyNoEngine() {
  if (process.platform !== 'linux') return 'images are built here on Linux only';
  if (process.getuid() !== 0) return 'the base can be made by root only: use "make image" with an engine of your own';
  const absent = PROGRAMS.filter((program) => !isOnPath(program));
  return absent.length === 0
    ? undefined
    : `${absent.join(', ')} not on the PATH (apt-get install podman runc mmdebstrap)`;
}

/**
 * Writes the configuration. runc, because crun needs what a container around us may not give; cgroupfs, because there is no
 * systemd; limits, because podman would ask for more than a user may have.
 *
 * @returns {Record<string, string>} the environment by which podman finds it
 */
export function engineEnvironment() {
  const base = process.env.WALKBACK_CACHE ?? process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const place = join(base, 'walkback', 'containers');
  const state = '/run/walkback-containers';
  mkdirSync(place, { recursive: true });
  const containers = join(place, 'containers.conf');
  const storage = join(place, 'storage.conf');
  writeFileSync(
    containers,
    [
      '[containers]',
      'default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]',
      '[engine]',
      'cgroup_manager = "cgroupfs"',
      'runtime = "runc"',
      'events_logger = "none"',
      // What watches a command in a container stays for five minutes otherwise, each time.
      'exit_command_delay = 5',
      `tmp_dir = "${state}/libpod"`,
      '',
    ].join('\n'),
  );
  writeFileSync(
    storage,
    [
      '[storage]',
      'driver = "overlay"',
      `graphroot = "${join(place, 'images')}"`,
      `runroot = "${state}/storage"`,
      '',
    ].join('\n'),
  );
  return { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage };
}

function mustRun(program, args, environment, what) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  if (status === 0) return;
  const said = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
  throw new ToolchainProblem(`cannot ${what}: ${program} failed`, said);
}

/** Makes the base where the engine has none: Debian's minimal system, by the name that the Containerfile asks for. */
export function ensureBaseImage(environment) {
  const isThere = () =>
    spawnSync('podman', ['image', 'exists', BASE_IMAGE], { env: { ...process.env, ...environment } }).status === 0;
  const makeOnce = () => {
    if (isThere()) return;
    say(`making ${BASE_IMAGE} from Debian's packages (once, about a minute) …`);
    const folder = mkdtempSync(join(tmpdir(), 'walkback-base-'));
    try {
      const tar = join(folder, 'base.tar');
      const sources = [SUITE, `${SUITE}-updates`].map((suite) => `deb ${MIRROR} ${suite} main`);
      const flags = [
        '--quiet',
        '--variant=minbase',
        '--mode=root',
        '--dpkgopt=force-unsafe-io',
        '--aptopt=Acquire::Languages "none"',
      ];
      mustRun(
        'mmdebstrap',
        [
          ...flags,
          ...NOT_IN_SLIM,
          '--dpkgopt=path-include=/usr/share/doc/*/copyright',
          SUITE,
          tar,
          ...sources,
          `deb ${SECURITY_MIRROR} ${SUITE}-security main`,
        ],
        {},
        'make a Debian base',
      );
      mustRun('podman', ['import', '--quiet', tar, BASE_IMAGE], environment, 'import the Debian base');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  if (!isThere())
    withLock(`${environment.CONTAINERS_CONF}.lock`, makeOnce, () =>
      say('waiting for another process, which makes the base …'),
    );
}

/**
 * Serves podman's socket, so that a process that is no longer root can build and run.
 *
 * @returns {Promise<{ environment: Record<string, string>, close: () => void }>} how podman's client finds it
 */
export async function serveEngine(environment) {
  const folder = mkdtempSync(join(tmpdir(), 'walkback-podman-'));
  const socket = join(folder, 'podman.sock');
  const server = spawn('podman', ['system', 'service', '--time', '0', `unix://${socket}`], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
  });
  const close = () => {
    server.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  const endMs = Date.now() + WAIT_MS;
  while (!existsSync(socket)) {
    if (server.exitCode !== null || Date.now() > endMs) {
      close();
      throw new ToolchainProblem(
        'cannot start containers: podman serves no socket',
        'Try "podman system service --time 0 unix:///tmp/podman.sock".',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { environment: { CONTAINER_HOST: `unix://${socket}` }, close };
}
