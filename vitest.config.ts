import { defineConfig } from 'vitest/config';

/** Tests that start processes or wait for real time; `npm run check:fast` leaves them out. */
const slow = ['test/cli/**/*.test.ts', 'test/**/*.slow.test.ts'];

/** For what hangs, not for a machine that is slow just then. */
const limits = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Most of the slow tests wait for requests rather than compute.
    maxWorkers: 5,
    projects: [
      // What a module under test keeps of its own outlives no turn of the event loop: to load it once a worker halves the work.
      { test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: slow, isolate: false, ...limits } },
      {
        test: {
          name: 'slow',
          include: slow,
          isolate: false,
          globalSetup: 'test/build.ts',
          ...limits,
        },
      },
    ],
  },
});
