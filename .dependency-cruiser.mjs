/**
 * The directions of import. A folder may import itself and what its row names; a new folder needs a row.
 * What each folder is for is in ARCHITECTURE.md.
 */

const FOUNDATION = ['postgres', 'base'];
const FORMATS = ['codec', 'walg', ...FOUNDATION];
const ARCHIVE = ['storage', ...FORMATS];
const USE_CASES = ['restore', 'backup', 'archive', 'history', 'wal-index', 'instance', ...ARCHIVE];

export const MAY_IMPORT = {
  base: [],
  postgres: ['base'],
  walg: FOUNDATION,
  codec: FOUNDATION,
  storage: FOUNDATION,
  config: ['base'],
  container: ['config', 'postgres', 'base'],
  instance: FOUNDATION,
  'wal-index': ARCHIVE,
  archive: ['instance', ...ARCHIVE],
  backup: ['archive', 'instance', 'wal-index', ...ARCHIVE],
  restore: ['backup', 'archive', 'instance', ...ARCHIVE],
  history: ['backup', 'archive', 'wal-index', ...ARCHIVE],
  cluster: ['instance', ...FOUNDATION],
  verify: USE_CASES,
  prune: ['verify', ...USE_CASES],
  recovery: ['cluster', ...USE_CASES],
  bootstrap: ['recovery', 'cluster', ...USE_CASES],
  kubernetes: ['bootstrap', 'recovery', 'cluster', ...USE_CASES],
  bucket: ['kubernetes', 'storage', ...FOUNDATION],
  agent: ['prune', 'verify', ...USE_CASES],
  replica: ['recovery', 'cluster', ...USE_CASES],
  supervise: ['container', 'agent', ...USE_CASES],
  app: [
    'supervise',
    'replica',
    'container',
    'config',
    'bucket',
    'kubernetes',
    'bootstrap',
    'agent',
    'prune',
    'verify',
    'recovery',
    'cluster',
    ...USE_CASES,
  ],
  cli: [
    'app',
    'supervise',
    'replica',
    'container',
    'config',
    'bucket',
    'kubernetes',
    'bootstrap',
    'agent',
    'prune',
    'verify',
    'recovery',
    'cluster',
    ...USE_CASES,
  ],
};

/**
 * Tests, the conformance suites that they run, and what the tests of one folder share (`testing/`). They may import what
 * they test, from anywhere.
 */
const TEST = ['[.]test[.]ts$', '/conformance[^/]*[.]ts$', '/testing/', '^tests/'];

const directions = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-what-is-below`,
  severity: 'error',
  comment: `src/${folder} may import: ${allowed.join(', ') || 'nothing of ours'}`,
  from: { path: `^src/${folder}/`, pathNot: TEST },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    ...directions,
    {
      name: 'pure-folders-import-nothing-from-outside',
      severity: 'error',
      comment: 'src/postgres and src/walg are bytes in, values out: no node:, no package',
      from: { path: '^src/(postgres|walg)/', pathNot: TEST },
      to: { dependencyTypesNot: ['local'] },
    },
    {
      name: 'backends-are-named-by-their-registry-only',
      severity: 'error',
      comment:
        'src/storage/<name>/ is opened by src/storage/open.ts, src/cluster/<name>/ and src/bucket/<name>/ by src/app',
      from: {
        path: '^src/',
        pathNot: [...TEST, '^src/storage/open[.]ts$', '^src/app/', '^src/(storage|cluster|bucket)/[^/]+/'],
      },
      to: { path: '^src/(storage|cluster|bucket)/[^/]+/' },
    },
    {
      name: 'backends-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/(storage|cluster)/([^/]+)/', pathNot: TEST },
      to: { path: '^src/$1/[^/]+/', pathNot: '^src/$1/$2/' },
    },
    {
      name: 'a-bucket-backend-knows-one-store',
      severity: 'error',
      comment: 'src/bucket/<name>/ speaks with the connection of src/storage/<name>/, and of no other',
      from: { path: '^src/bucket/([^/]+)/', pathNot: TEST },
      to: { path: '^src/(storage|bucket)/[^/]+/', pathNot: '^src/(storage|bucket)/$1/' },
    },
    {
      name: 'commands-do-not-import-commands',
      severity: 'error',
      comment: 'what two commands share moves down, to a use case or beside them in src/cli',
      from: { path: '^src/cli/commands/', pathNot: TEST },
      to: { path: '^src/cli/commands/' },
    },
    {
      name: 'only-tests-import-tests',
      severity: 'error',
      from: { pathNot: [...TEST, '^scripts/prove/', '^scripts/demo/', '^bench/'] },
      to: { path: TEST },
    },
    {
      name: 'nothing-imports-a-test-file',
      severity: 'error',
      from: {},
      to: { path: String.raw`[.]test[.]ts$` },
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      comment: 'what is shipped imports nothing of tests, scripts or bench',
      from: { path: '^src/', pathNot: TEST },
      to: { path: '^(tests|scripts|bench)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'type imports count',
      from: {},
      to: { circular: true },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'src-imports-no-development-package',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.mts', '.mjs', '.js', '.d.ts'],
    },
  },
};
