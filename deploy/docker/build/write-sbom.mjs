/**
 * Writes down what is in the image as CycloneDX 1.6: Debian's packages, Patroni's Python packages, Node, and the npm packages
 * that walkback is made of. Run while the image is built, on the image's own Node.
 *
 *     node write-sbom.mjs FILE
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const NPM_PACKAGES = '/opt/walkback/npm-packages.json';

function lines(program, args) {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** The one word that os-release has for `key`. */
function osRelease(key) {
  const text = readFileSync('/etc/os-release', 'utf8');
  return new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? '';
}

function library(name, version, purl) {
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}

function debianPackages() {
  const distro = `${osRelease('ID')}-${osRelease('VERSION_ID')}`;
  return lines('dpkg-query', ['-W', '-f', '${Package}\\t${Version}\\t${Architecture}\\n']).map(
    ([name, version, arch]) =>
      library(name, version, `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}&distro=${distro}`),
  );
}

function pythonPackages() {
  const script = [
    'from importlib.metadata import distributions',
    'for d in sorted(distributions(path=__import__("site").getsitepackages()), key=lambda d: d.name.lower()):',
    '    print(d.name, d.version, sep="\\t")',
  ].join('\n');
  return lines('/opt/patroni/bin/python', ['-c', script]).map(([name, version]) =>
    library(name, version, `pkg:pypi/${name.toLowerCase()}@${version}`),
  );
}

function npmPackages() {
  return JSON.parse(readFileSync(NPM_PACKAGES, 'utf8')).map(({ name, version }) =>
    library(name, version, `pkg:npm/${name.replace('@', '%40')}@${version}`),
  );
}

const { name, version, license } = JSON.parse(readFileSync('/opt/walkback/package.json', 'utf8'));
const node = process.version.slice(1);
const components = [
  ...debianPackages(),
  ...pythonPackages(),
  { ...library('node', node, `pkg:generic/node@${node}`), type: 'platform' },
  ...npmPackages(),
];
const seconds = Number(process.env.SOURCE_DATE_EPOCH || Date.now() / 1000);
writeFileSync(
  process.argv[2],
  `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: {
        timestamp: new Date(Math.floor(seconds) * 1000).toISOString().replace('.000', ''),
        component: { type: 'container', name, version, licenses: [{ license: { id: license } }] },
      },
      components,
    },
    undefined,
    1,
  )}\n`,
);
console.log(`${process.argv[2]}: ${components.length} components`);
