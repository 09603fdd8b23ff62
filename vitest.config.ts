import { defineConfig } from 'vitest/config';

/** In CI a machine that stalls may fail a test of real servers once; a second failure counts. The report names retries. */
const retry = process.env['CI'] === undefined ? 0 : 1;

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'], testTimeout: 15_000 } },
      {
        test: {
          name: 'system',
          include: ['tests/system/**/*.test.ts'],
          retry,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'extra',
          include: ['tests/{interop,objectstore,faults}/**/*.test.ts'],
          retry,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
