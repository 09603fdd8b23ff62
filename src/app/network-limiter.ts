/**
 * The limit of the network that the settings want: for uploads of backups and for restores. WAL is pushed and fetched as
 * fast as it goes, so that neither archiving nor replay falls behind.
 *
 * Source: WAL-G `internal/configure.go` (`ConfigureLimiters`), called in `cmd/pg` by the commands of backups alone.
 *
 * @module
 */

import { RateLimiter } from '../base/rate-limiter.ts';
import type { Settings } from '../config/load-settings.ts';

/** One limit, to be shared by all that one run does; `undefined` for none. */
export function networkLimiter(settings: Settings): RateLimiter | undefined {
  const bytesPerS = settings.get('networkRateLimit');
  return bytesPerS === undefined ? undefined : new RateLimiter(bytesPerS);
}
