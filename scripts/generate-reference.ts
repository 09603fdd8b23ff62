/**
 * `npm run reference`: writes docs/reference/{cli,settings,container,failures,helm,wal-g}.md and, from the
 * sources too, the schemas of the charts' values and the rules of their recovery account. With `--check` it writes nothing and exits 1 if one of them is not what it would write.
 *
 * @module
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { cliPage } from './reference/cli-page.ts';
import { containerPage } from './reference/container-page.ts';
import { failuresPage } from './reference/failures-page.ts';
import { helmPage } from './reference/helm/helm-page.ts';
import { recoveryRole } from './reference/helm/recovery-role.ts';
import { casPostgresSchema, patroniSchema } from './reference/helm/values-schema.ts';
import { settingsPage } from './reference/settings-page.ts';
import { walgPage } from './reference/walg-page.ts';

const ROOT = join(import.meta.dirname, '..');

const [argument, ...extra] = process.argv.slice(2);
if (extra.length > 0 || (argument !== undefined && argument !== '--check')) {
  console.error('usage: generate-reference.ts [--check]');
  process.exit(64);
}

const pages: ReadonlyMap<string, string> = new Map([
  ['docs/reference/cli.md', await cliPage()],
  ['docs/reference/settings.md', settingsPage()],
  ['docs/reference/container.md', containerPage()],
  ['docs/reference/failures.md', failuresPage(ROOT)],
  ['docs/reference/helm.md', helmPage(ROOT)],
  ['docs/reference/wal-g.md', await walgPage()],
  ['deploy/helm/patroni/files/recovery-role.yaml', recoveryRole()],
  ['deploy/helm/patroni/values.schema.json', patroniSchema()],
  ['deploy/helm/cas-postgres/values.schema.json', casPostgresSchema()],
]);

/** The first line that differs, for a message that helps. */
function firstDifference(before: string, after: string): string {
  const old = before.split('\n');
  const index = after.split('\n').findIndex((line, at) => line !== old[at]);
  return index === -1 ? 'it has more lines than it should' : `line ${index + 1}`;
}

let stale = 0;
for (const [name, text] of pages) {
  const path = join(ROOT, name);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (before === text) continue;
  stale += 1;
  if (argument === '--check') console.log(`${name}: differs at ${firstDifference(before, text)}`);
  else writeFileSync(path, text);
}
console.log(`${pages.size} files, ${stale} ${argument === '--check' ? 'stale' : 'written'}`);
process.exitCode = argument === '--check' && stale > 0 ? 1 : 0;
