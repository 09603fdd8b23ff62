#!/usr/bin/env node
/**
 * The one entry of every npm script: brings what the task needs, then runs it on the project's own Node.
 *
 * PostgreSQL refuses to run as root, so a task started by root goes on as an ordinary user inside a user namespace
 * (`unshare --map-user`): nothing has to be created or chowned for it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { childEnvironment, ensureNode, ensurePackages, ensurePostgres, POSTGRES_VERSIONS, ROOT } from './toolchain.mjs';

const MAJORS = Object.keys(POSTGRES_VERSIONS).map(Number);

/** What each task needs, and the lines it runs (in the project's root, on the project's Node). */
const TASKS = {
  setup: { postgres: MAJORS, lines: [] },
  demo: { postgres: [17], lines: [['node', 'scripts/demo/main.ts']] },
  ok: { postgres: [], lines: [['node', 'scripts/ok.ts']] },
  test: {
    postgres: MAJORS,
    lines: [
      ['node', 'scripts/ok.ts'],
      ['vitest', 'run', '--project', 'system'],
    ],
  },
  'test:unit': { postgres: [], lines: [['vitest', 'run', '--project', 'unit']] },
  'test:all': {
    postgres: MAJORS,
    lines: [
      ['node', 'scripts/ok.ts'],
      ['vitest', 'run'],
    ],
  },
  prove: { postgres: MAJORS, lines: [['node', 'scripts/prove/main.ts']] },
  bench: { postgres: [15], lines: [['node', 'bench/main.ts']] },
  format: { postgres: [], lines: [['oxfmt', '.']] },
  reference: { postgres: [], lines: [['node', 'scripts/generate-reference.ts']] },
  build: { postgres: [], lines: [['node', 'scripts/build.ts']] },
  walkback: { postgres: [], lines: [['node', 'src/main.ts']] },
  exec: { postgres: [], lines: [[]] },
};

const [taskName, ...extra] = process.argv.slice(2);
const task = TASKS[taskName];
if (task === undefined) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(TASKS).join('|')} [ARGUMENT…]\n`);
  process.exit(64);
}

ensurePackages();
const node = ensureNode();
for (const major of task.postgres) ensurePostgres(major);

function asOrdinaryUser(line) {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') return line;
  const unshare = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
  if (spawnSync(unshare[0], [...unshare.slice(1), 'true']).status === 0) return [...unshare, ...line];
  process.stderr.write('walkback: this is root, and PostgreSQL does not run as root; run this as an ordinary user\n');
  process.exit(77);
}

function run(line) {
  const program = line[0] === 'node' ? node : line[0];
  const full = asOrdinaryUser(program === undefined ? line : [program, ...line.slice(1)]);
  const environment = childEnvironment(node);
  environment.PATH = `${ROOT}/node_modules/.bin:${environment.PATH}`;
  return new Promise((resolve) => {
    const child = spawn(full[0], full.slice(1), { cwd: ROOT, env: environment, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    process.on('SIGTERM', forward);
    process.on('SIGINT', () => {});
    child.on('error', (error) => {
      process.stderr.write(`cannot run ${full[0]}: ${error.message}\n`);
      resolve(70);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15)));
  });
}

for (const [index, line] of task.lines.entries()) {
  const isLast = index === task.lines.length - 1;
  const code = await run(isLast ? [...line, ...extra] : line);
  if (code !== 0) process.exit(code);
}
