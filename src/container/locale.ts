/**
 * The locale of a new cluster: one that the image lacks is refused, because initdb fails of it as often as Patroni tries.
 *
 * Source: glibc `locale/programs/locale.c` (`-a`), `intl/l10nflist.c` (`_nl_normalize_codeset`); PostgreSQL manual, `initdb`.
 *
 * @module
 */

import { nearestName } from '../base/nearest-name.ts';
import type { ConfigMap } from './container-plan.ts';
import type { Reading } from './reading.ts';
import { isMapping } from './user-yaml.ts';
import { valueAt } from './value-at.ts';

const MOST_NAMED = 20;

/** As the C library compares names: `en_US.UTF-8` and `en_US.utf8` are one. */
function normal(name: string): string {
  const [, language = name, codeset = '', modifier = ''] = /^([^.@]*)(?:\.([^@]*))?(@.*)?$/.exec(name) ?? [];
  return `${language}.${codeset.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}${modifier}`;
}

function localeOf(configuration: ConfigMap): string | undefined {
  const options = valueAt(configuration, 'bootstrap', 'initdb');
  if (!Array.isArray(options)) return undefined;
  const found: unknown = options.map((option) => (isMapping(option) ? option['locale'] : undefined)).find(Boolean);
  return typeof found === 'string' ? found : undefined;
}

/** Those of UTF-8, without it. */
function languagesOf(installed: readonly string[]): readonly string[] {
  const names = installed.flatMap((name) => /^(.*)\.utf-?8$/i.exec(name)?.[1] ?? []);
  return [...new Set(names)].toSorted();
}

function remedy(reading: Reading, installed: readonly string[], asked: string): string {
  const languages = languagesOf(installed);
  const named = languages.slice(0, MOST_NAMED).join(', ');
  const more = languages.length > MOST_NAMED ? ` and ${languages.length - MOST_NAMED} more (locale -a)` : '';
  const near = nearestName(reading.get('INITDB_LOCALE') ?? asked, languages);
  return `${near === undefined ? '' : `Did you mean ${near}? `}Installed with UTF-8: ${named === '' ? 'none' : `${named}${more}`}. .UTF-8 is put behind it. Another one comes into the image by its build argument LOCALES.`;
}

/** Refuses a locale that is not installed, where initdb would be called: without data, and without a clone. */
export function checkLocale(reading: Reading, configuration: ConfigMap, isCloned: boolean): void {
  const { locales, dataVersion } = reading.facts;
  const asked = localeOf(configuration);
  if (locales === undefined || dataVersion !== undefined || isCloned || asked === undefined) return;
  if (locales.some((name) => normal(name) === normal(asked))) return;
  const own = reading.get('INITDB_LOCALE');
  const isOwn = own !== undefined && asked === `${own}.UTF-8`;
  reading.refuse({
    of: isOwn || reading.get('SPILO_CONFIGURATION') === undefined ? 'INITDB_LOCALE' : 'SPILO_CONFIGURATION',
    found: `there is no locale ${asked} in this image${isOwn ? '' : ', and it is the one that a new cluster gets'}, so initdb would fail`,
    remedy: remedy(reading, locales, asked),
  });
}
