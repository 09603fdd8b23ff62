import { describe, expect, it } from 'vitest';

import { goBoolean, parseWalgArguments, WalgUsageError } from './parse-walg-arguments.ts';
import type { WalgFlag } from './walg-command.ts';

const FLAGS: Readonly<Record<string, WalgFlag>> = {
  full: { short: 'f', summary: '' },
  permanent: { short: 'p', summary: '' },
  after: { short: 'a', takes: 'string', summary: '' },
  'restore-only': { takes: 'strings', summary: '' },
};

function parse(...args: string[]) {
  const { operands, values, flags, settings } = parseWalgArguments(args, {
    flags: FLAGS,
    isVariable: (variable) => variable === 'WALG_S3_PREFIX',
  });
  return {
    operands,
    values: Object.fromEntries(values),
    flags: [...flags],
    settings: Object.fromEntries(settings),
  };
}

describe('a command line of WAL-G', () => {
  it('takes flags among the operands, with the value behind = or as the next argument', () => {
    expect(parse('DIR', '--after=x', '--full', 'NAME')).toMatchObject({
      operands: ['DIR', 'NAME'],
      values: { after: 'x' },
      flags: ['full'],
    });
    expect(parse('--after', 'y').values).toEqual({ after: 'y' });
  });

  it('takes short flags alone, joined, and with their value', () => {
    expect(parse('-fp').flags).toEqual(['full', 'permanent']);
    expect(parse('-ay').values).toEqual({ after: 'y' });
    expect(parse('-a=y').values).toEqual({ after: 'y' });
    expect(parse('-fa', 'y')).toMatchObject({ flags: ['full'], values: { after: 'y' } });
  });

  it('takes what stands behind -- as operands, and a dash alone', () => {
    expect(parse('-', '--', '--full', '-x').operands).toEqual(['-', '--full', '-x']);
  });

  it('switches a flag off with =false', () => {
    expect(parse('--full', '--full=false').flags).toEqual([]);
    expect(() => parse('--full=maybe')).toThrow(WalgUsageError);
  });

  it('adds up lists', () => {
    expect(parse('--restore-only=a,b', '--restore-only', 'c').values).toEqual({ 'restore-only': 'a,b,c' });
  });

  it('takes settings as flags', () => {
    expect(parse('--walg-s3-prefix', 's3://bucket/x').settings).toEqual({ WALG_S3_PREFIX: 's3://bucket/x' });
  });

  it.each([['--nosuch'], ['-x'], ['--after'], ['-a'], ['--walg-s3-prefix']])('refuses %s', (...args) => {
    expect(() => parse(...args)).toThrow(WalgUsageError);
  });
});

describe('a boolean of Go', () => {
  it('is one of six words for each, and nothing else', () => {
    expect(['1', 't', 'TRUE', 'True', 'true', 'T'].map(goBoolean)).toEqual(Array(6).fill(true));
    expect(['0', 'f', 'FALSE', 'False', 'false', 'F'].map(goBoolean)).toEqual(Array(6).fill(false));
    expect(['yes', 'on', '', 'tRUE'].map(goBoolean)).toEqual(Array(4).fill(undefined));
  });
});
