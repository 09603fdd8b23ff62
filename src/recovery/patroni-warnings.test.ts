import { describe, expect, it } from 'vitest';

import { wellSurvey, withMembers } from '../../tests/support/survey.ts';
import { patroniWarnings } from './patroni-warnings.ts';

describe('a plan for a cluster that Patroni runs', () => {
  it('says which replicas go on serving the rows of today, and that there is no failover meanwhile', () => {
    expect(patroniWarnings(wellSurvey)).toMatchObject([
      { about: 'replicas', text: expect.stringContaining('no failover'), names: ['two at 10.0.0.2:5432'] },
    ]);
  });

  it('names members that are away, and what to do before they come back', () => {
    const [warning] = patroniWarnings(withMembers({ isReachable: false }));
    expect(warning).toMatchObject({ about: 'members', names: ['two'], text: expect.stringContaining('reinit') });
  });

  it('says for whom commits wait', () => {
    const strict = { ...wellSurvey, synchronousMode: 'strict', synchronousStandbys: ['two'] } as const;
    expect(patroniWarnings(strict).find(({ about }) => about === 'synchronous')).toMatchObject({
      names: ['two'],
      text: expect.stringContaining('wait until'),
    });
  });

  it('says on a replica’s host that it can be rehearsed there alone, and where to cut over', () => {
    const [warning] = patroniWarnings({ ...wellSurvey, leader: 'two' });
    expect(warning?.text).toContain('two (10.0.0.2:5432) is the leader');
    expect(warning?.names.join()).toContain('on the host of two');
  });

  it('names slots that begin anew', () => {
    const slots = { ...wellSurvey, permanentSlots: ['cdc'] };
    expect(patroniWarnings(slots).find(({ about }) => about === 'logicalSlots')?.names).toEqual(['cdc']);
  });
});
