import { defineConfig } from 'vitest/config';

import { LongestFirst } from './tests/support/longest-first.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          testTimeout: 15_000,
          // Modules are loaded once for many files: a third less time. Unit tests leave nothing behind in them.
          isolate: false,
          // A third of their time is waiting. On two cores vitest would run one file at a time.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'system',
          include: ['tests/system/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'extra',
          include: ['tests/{interop,objectstore,faults,clusters}/**/*.test.ts'],
          testTimeout: 300_000,
          // The first run builds the stores' servers, several at a time.
          hookTimeout: 900_000,
          // These wait for pods and Patroni's loops more than they work.
          maxWorkers: 4,
        },
      },
    ],
  },
});
