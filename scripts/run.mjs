#!/usr/bin/env node
/**
 * The one entry of every npm script: brings what the task needs, then runs it on the project's own Node, as an
 * ordinary user.
 *
 * Plain JavaScript, built-in modules only: it runs on whatever Node the machine has (18 or later).
 */
import { spawn } from 'node:child_process';

import {
  childEnvironment,
  ensureNode,
  ensurePackages,
  ensurePostgres,
  fetchTools,
  MISSING_MAJORS,
  POSTGRES_VERSIONS,
  ROOT,
} from './toolchain.mjs';
import { engineEnvironment, ensureBaseImage, serveEngine, whyNoEngine } from './toolchain/containers.mjs';
import { ensurePrograms, startBed, whyNoBed } from './toolchain/kubernetes.mjs';
import { asOrdinaryUser } from './toolchain/ordinary-user.mjs';
import { EXIT_UNAVAILABLE, ToolchainProblem } from './toolchain/problem.mjs';
import { temporaryFolder } from './toolchain/temporary-folder.mjs';

const ALL = Object.keys(POSTGRES_VERSIONS).map(Number);
const OK = ['node', 'scripts/ok.ts'];
/** The native loader writes nothing into node_modules, which whoever runs this may not be able to write. */
const VITEST = ['vitest', 'run', '--configLoader', 'native', '--project'];
const UNIT = [...VITEST, 'unit'];
/** In CI a machine that stalls may fail a test of real servers once; a second failure counts. The report names retries. */
const RETRY = process.env.CI === undefined ? [] : ['--retry=1'];
const SYSTEM = [...VITEST, 'system', ...RETRY];
const EXTRA = [...VITEST, 'extra', ...RETRY];

/** Proofs that work in a Kubernetes. */
const KUBERNETES_PROOFS = new Set([
  'all',
  'containers',
  'namespaces',
  'helm',
  'howto',
  'kubernetes',
  'kubernetes-faults',
  'rbac',
]);

/** Proofs that run containers; those in a Kubernetes run them there, of an image that is built here. */
const CONTAINER_PROOFS = new Set(['all', 'bats', 'image', ...KUBERNETES_PROOFS]);

/** Tasks that measure, or write what stays, use the disk. */
const IN_MEMORY = new Set(['ok', 'prove', 'test', 'test:unit', 'test:system', 'test:extra', 'test:all', 'exec']);

/** Tests that work in a Kubernetes, by their files' names: all of `extra`, or those that somebody asks for by name. */
function areKubernetesTests(args) {
  const files = args.filter((arg) => arg.includes('tests/'));
  return files.length === 0 || files.some((file) => /clusters\/(helm|kubernetes)-/.test(file));
}

/** All proofs at once are three runs: two of them wait for pods more than they work. A page is written by one run only. */
function proofGroups([name, ...more]) {
  return name === 'all' && !more.includes('--record')
    ? [
        ['containers', ...more],
        ['namespaces', ...more],
        ['servers', ...more],
      ]
    : undefined;
}

/**
 * What each task needs, and the lines it runs (in the project's root, on the project's Node). All lines run; the task
 * fails if one did. Arguments given go to the last. `writes`: it changes files of the tree and needs no server, so
 * it runs as whoever asked. `containers`, `kubernetes`: whether it runs containers, or works in a Kubernetes, by its arguments;
 * `programs`: it builds what such a Kubernetes runs, and starts none.
 * `sideBySide`: by its arguments, those of several runs of its line at once.
 */
const TASKS = {
  setup: { postgres: ALL, lines: [] },
  'setup:kubernetes': { postgres: [], programs: true, lines: [] },
  demo: { postgres: [17], lines: [['node', 'scripts/demo/main.ts']] },
  ok: { postgres: [], lines: [OK] },
  test: { postgres: ALL, lines: [OK, SYSTEM] },
  'test:unit': { postgres: [], lines: [UNIT] },
  'test:system': { postgres: ALL, lines: [SYSTEM] },
  'test:extra': { postgres: ALL, containers: areKubernetesTests, kubernetes: areKubernetesTests, lines: [EXTRA] },
  'test:all': {
    postgres: ALL,
    containers: areKubernetesTests,
    kubernetes: areKubernetesTests,
    lines: [OK, SYSTEM, EXTRA],
  },
  prove: {
    postgres: ALL,
    containers: ([name]) => CONTAINER_PROOFS.has(name),
    kubernetes: ([name]) => KUBERNETES_PROOFS.has(name),
    lines: [['node', 'scripts/prove/main.ts']],
    sideBySide: proofGroups,
  },
  image: { postgres: [], writes: true, lines: [['node', 'scripts/image/main.ts']] },
  bench: { postgres: [15], lines: [['node', 'bench/main.ts']] },
  format: { postgres: [], writes: true, lines: [['oxfmt', '.']] },
  reference: { postgres: [], writes: true, lines: [['node', 'scripts/generate-reference.ts']] },
  build: { postgres: [], writes: true, lines: [['node', 'scripts/build.ts']] },
  walkback: { postgres: [], lines: [['node', 'src/main.ts']] },
  exec: { postgres: [], lines: [[]] },
};

async function bring(task) {
  ensurePackages();
  await fetchTools(task.postgres);
  const node = ensureNode();
  for (const major of task.postgres) ensurePostgres(major);
  if (task.postgres === ALL && MISSING_MAJORS.length > 0)
    process.stderr.write(
      `SKIPPED: PostgreSQL ${MISSING_MAJORS.join(', ')}: the registry has no server for this platform\n`,
    );
  return node;
}

/**
 * A container engine for a task that goes on as an ordinary user and could start none. Who is an ordinary user already,
 * or names an engine (CONTAINER_HOST), has their own.
 */
async function bringEngine() {
  const none = { environment: {}, close: () => {} };
  if (process.getuid?.() !== 0 || process.env.CONTAINER_HOST !== undefined) return none;
  const reason = whyNoEngine();
  if (reason !== undefined) {
    process.stderr.write(`SKIPPED: what runs containers: ${reason}\n`);
    return none;
  }
  const own = engineEnvironment();
  ensureBaseImage(own);
  return serveEngine(own);
}

/** A Kubernetes for a task that goes on as an ordinary user and could start none, or no more of it than its programs. */
function bringBed(task) {
  const none = { environment: {}, close: () => {} };
  const reason = process.env.BED_STATE === undefined ? whyNoBed() : undefined;
  try {
    if (reason !== undefined) process.stderr.write(`SKIPPED: what works in a Kubernetes: ${reason}\n`);
    else if (task.programs) ensurePrograms();
    else return startBed();
  } catch (error) {
    if (!(error instanceof ToolchainProblem)) throw error;
    process.stderr.write(`SKIPPED: what works in a Kubernetes: ${error.message}\n`);
  }
  return none;
}

function run(line, node, task, brought) {
  const program = line[0] === 'node' ? node : line[0];
  const full = [program, ...line.slice(1)];
  const user = task.writes ? { line: full, options: {}, environment: {} } : asOrdinaryUser(full, { root: ROOT, node });
  const env = { ...childEnvironment(node), ...user.environment, ...brought };
  return new Promise((resolve) => {
    const child = spawn(user.line[0], user.line.slice(1), { cwd: ROOT, env, stdio: 'inherit', ...user.options });
    const forward = (signal) => child.kill(signal);
    // A terminal sends SIGINT to the child itself; this process waits for what it does about it.
    const ignore = () => {};
    process.on('SIGTERM', forward);
    process.on('SIGINT', ignore);
    child.on('error', (error) => {
      process.stderr.write(`cannot run ${user.line[0]}: ${error.message}\n`);
      resolve(70);
    });
    child.on('exit', (code, signal) => {
      process.off('SIGTERM', forward);
      process.off('SIGINT', ignore);
      resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15));
    });
  });
}

async function main([taskName, ...extra]) {
  const task = Object.hasOwn(TASKS, taskName ?? '') ? TASKS[taskName] : undefined;
  if (task === undefined || (taskName === 'exec' && extra.length === 0)) {
    process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(TASKS).join('|')} [ARGUMENT…]\n`);
    return 64;
  }
  const node = await bring(task);
  const engine = task.containers?.(extra) ? await bringEngine() : undefined;
  const bed = task.programs || task.kubernetes?.(extra) ? bringBed(task) : undefined;
  const folder = IN_MEMORY.has(taskName) ? temporaryFolder() : undefined;
  const brought = { ...engine?.environment, ...bed?.environment, ...folder?.environment };
  const codes = [];
  try {
    const runs = task.sideBySide?.(extra);
    if (runs !== undefined)
      return Math.max(
        ...(await Promise.all(runs.map((args) => run([...task.lines[0], ...args], node, task, brought)))),
      );
    for (const [index, line] of task.lines.entries()) {
      const whole = index === task.lines.length - 1 ? [...line, ...extra] : line;
      const code = await run(whole, node, task, brought);
      codes.push(code);
      if (code >= 128) break;
    }
  } finally {
    folder?.close();
    bed?.close();
    engine?.close();
  }
  return codes.find((code) => code !== 0) ?? 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ToolchainProblem)) throw error;
  process.stderr.write(`walkback: ${error.message}\n`);
  process.exitCode = EXIT_UNAVAILABLE;
}
