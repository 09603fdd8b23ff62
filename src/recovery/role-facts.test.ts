import { expect, it } from 'vitest';

import { Failure } from '../base/failure.ts';
import { newerFacts, roleFacts, type ComparedServers } from './role-facts.ts';

function answer(...digests: readonly [name: string, digest: string][]): string {
  const others = { mayLogIn: true, validUntil: null, isExpired: false };
  return JSON.stringify(digests.map(([name, digest]) => ({ name, digest, ...others })));
}

const servers = (change: Partial<ComparedServers> = {}): ComparedServers => ({
  live: async () => answer(['app', 'b2'], ['report', 'c3']),
  rehearsed: async () => answer(['app', 'a1'], ['report', 'c3']),
  setAgain: [],
  ...change,
});

it('says names and what is other, and no digest', async () => {
  expect(await roleFacts(servers())).toEqual({ otherRoles: 'app (password set since)' });
  expect(await roleFacts(servers({ setAgain: ['app'] }))).toEqual({});
});

it('asks both servers with one salt, and each time with another', async () => {
  const asked: string[] = [];
  const note = async (query: string): Promise<string> => {
    asked.push(query);
    return answer();
  };
  await roleFacts(servers({ live: note, rehearsed: note }));
  await roleFacts(servers({ live: note, rehearsed: note }));
  const [first, second, third] = asked;
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

it('says that nothing was compared where the live server does not run, or one of them does not answer', async () => {
  expect(await roleFacts(servers({ live: async () => undefined }))).toEqual({
    rolesNotCompared: 'the live server does not run',
  });
  const denied = new Failure('denied', { message: 'cannot run a statement: permission denied', remedy: '' });
  const refuses = async (): Promise<never> => {
    throw denied;
  };
  expect(await roleFacts(servers({ live: refuses }))).toEqual({ rolesNotCompared: denied.message });
  expect(await roleFacts(servers({ rehearsed: async () => 'nonsense' }))).toMatchObject({
    rolesNotCompared: expect.stringContaining('cannot read the roles'),
  });
});

it('names the first of very many', async () => {
  const many = Array.from({ length: 75 }, (_, at): [string, string] => [`app${at + 100}`, 'b2']);
  const { otherRoles } = await roleFacts(
    servers({ live: async () => answer(...many), rehearsed: async () => answer() }),
  );
  expect(otherRoles).toMatch(/^app100 \(not there\); .*app159 \(not there\); and 15 more$/);
});

it('takes the place of what was found before, unless it has found the same', () => {
  const roles = { otherRoles: 'app (not there)' };
  const before = { port: 5433, ...roles };
  const notCompared = { rolesNotCompared: 'the live server does not run' };
  expect(newerFacts(before, notCompared)).toEqual({ port: 5433, ...notCompared });
  expect(newerFacts(before, roles)).toBeUndefined();
  expect(newerFacts({ ...before, port: 1 }, roles)).toBeUndefined();
});
