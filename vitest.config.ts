import { defineConfig } from 'vitest/config';

/** Tests that start processes or wait for real time; `npm run check:fast` leaves them out. */
const slow = ['test/cli/**/*.test.ts', 'test/**/*.slow.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: slow } },
      { test: { name: 'slow', include: slow, globalSetup: 'test/build.ts', testTimeout: 60_000, hookTimeout: 60_000 } },
    ],
  },
});
