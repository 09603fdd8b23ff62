/**
 * WAL-G's `--turbo`: for one run, no limit of the network or the disk, and a disk that is read by four.
 *
 * Source: WAL-G `internal/configure.go` (`ConfigureLimiters`), `internal/config/config.go` (`GetMaxUploadDiskConcurrency`).
 *
 * @module
 */

import { environmentName } from '../../config/setting.ts';
import type { Settings } from '../../config/load-settings.ts';
import type { SettingName } from '../../config/settings.ts';

const LIMITS: ReadonlySet<SettingName> = new Set(['networkRateLimit', 'diskRateLimit', 'uploadDiskConcurrency']);
const DISK_CONCURRENCY = '4';

/** The settings without limits, wherever these were set. */
export function withTurbo(settings: Settings): Settings {
  const variables = { [environmentName('uploadDiskConcurrency')]: DISK_CONCURRENCY };
  return settings.withEnvironment(variables, (name) => !LIMITS.has(name));
}
