import { describe, expect, it } from 'vitest';

import { interpreterIn, unitIn } from './patroni-process.ts';

describe('the interpreter of a Python program', () => {
  it.each([
    ['#!/opt/patroni/bin/python3\n# -*- coding: utf-8 -*-', ['/opt/patroni/bin/python3']],
    ['#! /usr/bin/env python3\nimport re', ['/usr/bin/env', 'python3']],
    [`#!/bin/sh\n'''exec' "/a long/path/python3" "$0" "$@"\n' '''`, ['/a long/path/python3']],
    [`#!/bin/sh\n'''exec' /long/python3 "$0" "$@"\n' '''`, ['/long/python3']],
  ])('is in its first lines: %j', (head, interpreter) => {
    expect(interpreterIn(head)).toEqual(interpreter);
  });

  it.each(['', '\u007FELF', '#!/bin/sh\nexec patroni.real "$@"'])('is not in %j', (head) => {
    expect(interpreterIn(head)).toBeUndefined();
  });
});

describe('the systemd unit of a process', () => {
  it.each([
    ['0::/system.slice/patroni.service', 'patroni.service'],
    ['1:name=systemd:/system.slice/system-patroni.slice/patroni@main.service\n0::/', 'patroni@main.service'],
    ['0::/user.slice/user-0.slice/session-3.scope', undefined],
    ['0::/', undefined],
  ])('of the cgroup %j is %s', (text, unit) => {
    expect(unitIn(text)).toBe(unit);
  });
});
