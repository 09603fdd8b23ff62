/**
 * What the locations of all stores are made with.
 *
 * @module
 */

import type { Settings } from '../config/load-settings.ts';
import type { HttpSettings } from '../storage/http-agents.ts';

/** Leaves out what is `undefined`, as optional members want it. */
export function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** The proxies that the settings name. */
export function httpSettings(settings: Settings): Pick<HttpSettings, 'proxy'> {
  const proxy = defined({
    https: settings.get('httpsProxy'),
    http: settings.get('httpProxy'),
    except: settings.get('noProxy'),
  });
  return Object.keys(proxy).length === 0 ? {} : { proxy };
}
