import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import type { LaunchedService } from '../../src/simulator/launch.ts';
import { documentedService, scratch, tgiBench } from './tgi-bench.ts';

const readme = readFileSync('README.md', 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(match => match[1] as string);
const commands = blocks('sh')
  .flatMap(block => block.split('\n'))
  .map(line => line.replace(/\s+#.*/, '').trim())
  .filter(line => line !== '');

const shown = commands.filter(line => line.startsWith('npx tgi-bench') && !line.includes(' serve'));

describe('the README', () => {
  const token = 'the-token-of-the-readme';
  let service: Promise<LaunchedService>;

  beforeAll(() => {
    service = documentedService(token, [
      documentedModel('hermes-2-pro-tgi', [0, 1]),
      documentedModel('llava-v1.6-mistral-7b-tgi', [0]),
    ]);
  });

  afterAll(async () => {
    await (await service).stop();
  });

  it('shows a scenario that is valid as it stands', async () => {
    const cwd = scratch();
    const scenarios = blocks('yaml').filter(block => block.startsWith('name:'));
    expect(scenarios.length).toBeGreaterThan(0);
    for (const [i, text] of scenarios.entries()) {
      writeFileSync(join(cwd, `${i}.yaml`), text);
      const { exitCode, stderr } = await tgiBench(['validate', `${i}.yaml`], { cwd });
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
    }
  });

  it('shows commands', () => {
    expect(shown.length).toBeGreaterThanOrEqual(1);
  });

  // As it stands, but for the address, and small enough for a test.
  it.each(shown)('shows a command that runs: %s', async line => {
    const { url } = await service;
    const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)]
      .map(([, quoted, plain = '']) => quoted ?? plain)
      .slice(2)
      .map(word =>
        word
          .replace('http://localhost:8000', url)
          .replace(/^(scenarios|reports)(?=\/|$)/, `${resolve('.')}/$1`)
          .replace(/^300$/, '5')
          .replace(/^1,8,32$/, '1,4'),
      );
    if (args.includes('--model')) args.push('--set', 'workloads.prompt.output.maxNewTokens=4');
    const { exitCode, stderr } = await tgiBench(args, { env: { VALID_TOKEN: token } });
    // 6: this machine was too slow just then for the numbers to count; the command did what it says.
    expect([0, 6], stderr).toContain(exitCode);
  });

  it('names only npm scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(match => match[1] as string);
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('names only exit codes as the program has them', () => {
    const line = readme.slice(readme.indexOf('Exit codes:'), readme.indexOf('\n\n', readme.indexOf('Exit codes:')));
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 143]) expect(line).toMatch(new RegExp(`\\b${code}\\b`));
  });
});
