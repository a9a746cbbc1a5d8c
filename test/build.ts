import { execFileSync } from 'node:child_process';

/** Builds `dist/` once before the tests that start the program as a process. */
export function setup(): void {
  execFileSync('npm', ['run', '-s', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
}
