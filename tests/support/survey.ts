/**
 * What Patroni might say of a cluster of two that is well, for tests of what is made of it.
 *
 * @module
 */

import type { PatroniSurvey } from '../../src/cluster/patroni-control.ts';

/** Both members are well, and the first leads. */
export const wellSurvey: PatroniSurvey = {
  scope: 'shop',
  memberName: 'one',
  version: '4.1.5',
  leader: 'one',
  members: [
    {
      name: 'one',
      role: 'leader',
      state: 'running',
      timeline: 3,
      lagBytes: null,
      address: '10.0.0.1:5432',
      tags: [],
      isReachable: true,
    },
    {
      name: 'two',
      role: 'replica',
      state: 'streaming',
      timeline: 3,
      lagBytes: '0',
      address: '10.0.0.2:5432',
      tags: [],
      isReachable: true,
    },
  ],
  isPaused: false,
  switchover: null,
  isStandbyCluster: false,
  synchronousMode: 'off',
  synchronousStandbys: [],
  isFailsafe: false,
  permanentSlots: [],
  parameters: ['max_connections'],
  ttlSeconds: 30,
  loopWaitSeconds: 10,
  commands: { stop: 'systemctl stop patroni.service', start: 'systemctl start patroni.service' },
};

/** The same with every member changed. */
export function withMembers(change: Partial<PatroniSurvey['members'][number]>): PatroniSurvey {
  return { ...wellSurvey, members: wellSurvey.members.map((member) => ({ ...member, ...change })) };
}
