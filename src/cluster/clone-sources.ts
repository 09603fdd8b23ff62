/**
 * Which member another one is copied from.
 *
 * Source: patroni/dcs/__init__.py (`get_clone_member`); Patroni's documentation, "REST API", POST /reinitialize.
 *
 * @module
 */

import type { SurveyedMember } from './patroni-control.ts';

/** Patroni copies other members from one with this tag rather than from the leader. */
export function isCloneSource({ tags }: SurveyedMember): boolean {
  return tags.includes('clonefrom');
}

/** `from-leader` of POST /reinitialize came with Patroni 4.1. */
export function canCloneFromLeader(version: string | null): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > 4 || (major === 4 && minor >= 1);
}
