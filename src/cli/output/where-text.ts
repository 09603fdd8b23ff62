/**
 * Where one is: at the top of every screen that is about a namespace, so that two clusters are not confused.
 *
 * @module
 */

import type { WhereWeAre } from '../../kubernetes/api/kubernetes-api.ts';
import type { Screen } from './screen.ts';

/** In one line if it fits. */
export function whereLines(where: WhereWeAre, screen: Screen, hasNamespace = true): string[] {
  const parts = [
    ...(hasNamespace ? [`namespace ${where.namespace}`] : []),
    `context ${where.context}`,
    `server ${where.server}`,
    `user ${where.user}`,
  ];
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && `${last}  ${part}`.length <= screen.columns) lines[lines.length - 1] = `${last}  ${part}`;
    else lines.push(part);
  }
  return lines;
}
