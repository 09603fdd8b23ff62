import { describe, expect, it } from 'vitest';

import { volumePlan } from '../rehearse/testing/volume-plan.ts';
import { checkStep, parseVolumePlan, volumePlanText, type VolumePlan } from './volume-plan.ts';
import { parseTasksRequest } from './volume-tasks.ts';

describe('the plan of a volume', () => {
  it('is read as it was handed over, but for what is for people', () => {
    expect(parseVolumePlan(volumePlanText(volumePlan), 'x')).toEqual(volumePlan);
    const did = { tables: [], otherTables: 0, definitions: [], otherDefinitions: 0, isLowerBound: false };
    const lastKept = { xid: 1, kind: 'commit', timeUs: '1', lsn: '0/1', did };
    const text = volumePlanText({ ...volumePlan, target: { ...volumePlan.target, lastKept } });
    expect(text).not.toContain('isLowerBound');
  });

  it.each([
    ['nothing', ''],
    ['half of one', volumePlanText(volumePlan).slice(0, 300)],
    ['something else', '{"version":1}'],
    ['one without a position', volumePlanText(volumePlan).replaceAll('0/5100000', 'here')],
    ['one with a role that is none', volumePlanText(volumePlan).replace('"purpose":"superuser"', '"purpose":"owner"')],
  ])('is not %s', (_, text) => {
    expect(() => parseVolumePlan(text, 'plan.json')).toThrow(/cannot use plan\.json/);
  });
});

describe('checkStep', () => {
  const at = (lsn: string, change: Partial<VolumePlan> = {}, inclusive = false): VolumePlan => ({
    ...volumePlan,
    ...change,
    target: { ...volumePlan.target, lsn, inclusive },
  });

  it('lets it go forward, also to behind the very record that it stands before', () => {
    expect(() => checkStep(volumePlan, at('0/5100100'))).not.toThrow();
    expect(() => checkStep(volumePlan, at('0/5100000', {}, true))).not.toThrow();
  });

  it.each([
    ['back', at('0/5000000')],
    ['of another recovery', at('0/6000000', { id: 'beef' })],
    ['of another backup', at('0/6000000', { backup: { ...volumePlan.backup, name: 'base_000000010000000000000004' } })],
    ['of another cluster', at('0/6000000', { systemIdentifier: '8' })],
  ])('refuses a plan that goes %s', (_, next) => {
    expect(() => checkStep(volumePlan, next)).toThrow(/replay only goes forward/);
  });
});

describe('parseTasksRequest', () => {
  it('reads tasks of this version, with whose passwords are set', () => {
    const text = JSON.stringify({
      tasks: [{ do: 'probe' }, { do: 'reopen', id: '7f3a' }],
      roles: volumePlan.roles,
      user: 'boss',
    });
    expect(parseTasksRequest(text)).toMatchObject({ tasks: [{ do: 'probe' }, { do: 'reopen' }], user: 'boss' });
  });

  it.each([
    '',
    '{}',
    '{"tasks":[{"do":"erase"}]}',
    '{"tasks":[{"do":"swap"}]}',
    '{"tasks":[{"do":"remove","id":"7f3a","what":"live"}]}',
    '{"tasks":[],"roles":[{}]}',
  ])('does not read %s', (text) => {
    expect(parseTasksRequest(text)).toBeUndefined();
  });
});
