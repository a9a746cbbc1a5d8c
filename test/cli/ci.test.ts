import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commandLine, scratch } from './tgi-bench.ts';

const workflows = readdirSync('docs/ci').filter(name => name.endsWith('.yml'));

/** Every text in a value, however deep. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

/** A line of a shell as words, its quotes taken off and its variables filled in. */
function words(line: string): string[] {
  const filled = line.replaceAll(/\\\n\s*/g, ' ').replaceAll(/"?\$(\w*URL)"?/g, 'http://localhost:8000');
  return [...filled.trim().matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

describe('the workflows for CI', () => {
  it('are one for each of GitHub and GitLab, with a GPU and without', () => {
    expect(workflows.sort()).toEqual([
      'github-gpu-runner.yml',
      'github-remote.yml',
      'gitlab-gpu-runner.yml',
      'gitlab-remote.yml',
    ]);
  });

  it.each(workflows)('call tgi-bench as it can be called: %s', async name => {
    const cwd = scratch();
    mkdirSync(join(cwd, 'scenarios'));
    copyFileSync('scenarios/gate.yaml', join(cwd, 'scenarios/gate.yaml'));
    copyFileSync('docs/ci/gates.yaml', join(cwd, 'gates.yaml'));
    const commands = texts(parse(readFileSync(join('docs/ci', name), 'utf8'))).filter(text =>
      text.startsWith('npx tgi-bench'),
    );
    expect(commands).toHaveLength(1);
    const args = [...words(commands[0] as string).slice(2), '--plan'];
    const { exitCode, stdout, stderr } = await commandLine(args, { cwd, env: { VALID_TOKEN: 'a' } });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('plan of a gate with gate');
  });
});
