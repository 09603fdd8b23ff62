import { expect, it } from 'vitest';

import { screen } from '../../../tests/support/protected-cluster.ts';
import { dataWarnings, tellDataWarnings } from './data-warnings.ts';

it('warns of data that are wrong although their server runs, and of nothing else', () => {
  const facts = {
    backup: 'base_1',
    damagedFiles: 'base/5/1 (blocks 7, in base_1)',
    otherCollations: 'database shop (2.31, now 2.36)',
  };
  expect(dataWarnings(facts, screen)).toEqual([
    'THE BACKUP HOLDS DAMAGED PAGES: base/5/1 (blocks 7, in base_1)',
    expect.stringContaining('recover plan --backup NAME'),
    'TEXT IS ORDERED OTHERWISE than when these data were written: database shop (2.31, now 2.36)',
    expect.stringContaining('REINDEX DATABASE'),
  ]);
  expect(dataWarnings({ backup: 'base_1', replayLsn: '0/1', otherCollations: '' }, screen)).toEqual([]);
});

const ROLES = { otherRoles: 'app (password set since); report (not there)' };

it('names the roles that log in otherwise, and what to do behind the cutover', () => {
  expect(dataWarnings(ROLES, screen)).toEqual([
    'ROLES MAY LOG IN OTHERWISE than on the live server: app (password set since); report (not there)',
    expect.stringMatching(/ALTER ROLE … PASSWORD.*passwords of then/),
  ]);
});

it('says plainly that roles were not compared, and why', () => {
  expect(dataWarnings({ rolesNotCompared: 'the live server does not run' }, screen)).toEqual([
    'Roles and their passwords were not compared with those of now: the live server does not run.',
  ]);
});

it('tells of them while a command runs: a warning each with its remedy, and a note of what was not looked at', () => {
  const told: string[] = [];
  const reporter = {
    warn: (line: string) => void told.push(`warn ${line}`),
    note: (line: string) => void told.push(`note ${line}`),
  };
  tellDataWarnings({ ...ROLES, backup: 'base_1' }, reporter);
  tellDataWarnings({ rolesNotCompared: 'the live server does not run' }, reporter);
  tellDataWarnings({ backup: 'base_1' }, reporter);
  expect(told).toEqual([
    expect.stringMatching(/^warn ROLES MAY LOG IN OTHERWISE .*report \(not there\)\. They are .*ALTER ROLE/),
    expect.stringMatching(/^note Roles .* not compared/),
  ]);
});

it('shows what cannot be seen in names of others', () => {
  expect(dataWarnings({ otherRoles: '"a\u001b[2J" (not there)' }, screen)[0]).toContain('"a\\u{1b}[2J" (not there)');
});
