import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HarnessError } from '../../src/errors.ts';
import { checkedYaml, type Problem, type YamlSource } from '../../src/schema/checked-yaml.ts';

const schema = z.strictObject({
  name: z.string(),
  port: z.int().min(1).max(65_535).optional(),
  tags: z.array(z.string()).optional(),
  server: z
    .strictObject({
      url: z.string().optional(),
      token: z.string().optional(),
      retries: z.union([z.int(), z.strictObject({ attempts: z.int() })]).optional(),
    })
    .optional(),
});

const check = (text: string, source: Partial<YamlSource> = {}, further?: () => readonly Problem[]) =>
  checkedYaml(schema, { file: 'a.yaml', text, ...source }, further);

/** The problems a text is refused with, a line each. */
function problems(text: string, source: Partial<YamlSource> = {}, further?: () => readonly Problem[]): string[] {
  try {
    check(text, source, further);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message.split('\n');
  }
  return [];
}

describe('checkedYaml', () => {
  it('gives the value of a file in order', () => {
    expect(check('name: x\nport: 8000\ntags: [a, b]')).toEqual({ name: 'x', port: 8000, tags: ['a', 'b'] });
  });

  it('lists every problem at once, each with its line and column', () => {
    const text = `# a comment
name: 7
port: 70000
tags:
  - fine
  - 12
server: { url: x, retries: many }
prot: 1
`;
    expect(problems(text)).toEqual([
      'a.yaml:2:1: expected text, got 7',
      'a.yaml:3:1: expected a number of at most 65535, got 70000',
      'a.yaml:6:5: expected text, got 12',
      expect.stringMatching(/^a\.yaml:7:19: expected .*, got "many"$/),
      'a.yaml:8:1: expected a known field, got "prot" (did you mean port?)',
    ]);
  });

  it('points at the parent of what is missing', () => {
    const nested = z.strictObject({ server: z.strictObject({ url: z.string() }) });
    const text = '\n# where it should be\nserver:\n  {}\n';
    expect(() => checkedYaml(nested, { file: 'a.yaml', text })).toThrow(/^a\.yaml:4:3: expected .*, got nothing$/);
  });

  it('says what it is that is missing', () => {
    const [problem, ...others] = problems('port: 1');
    expect(problem).toContain('name');
    expect(others).toEqual([]);
  });

  it('does not call missing what is only misspelt', () => {
    expect(problems('nam: x')).toEqual(['a.yaml:1:1: expected a known field, got "nam" (did you mean name?)']);
  });

  it('lists what is known where no known field is near', () => {
    expect(problems('name: x\nserver: { xyzzyxyzzy: 1 }')).toEqual([
      'a.yaml:2:11: expected a known field, got "xyzzyxyzzy" (known here: url, token, retries)',
    ]);
  });

  it('knows the fields of each alternative where there are several', () => {
    const [problem] = problems('name: x\nserver: { retries: { attempt: 1 } }');
    expect(problem).toContain('attempts');
  });

  it('reports broken YAML by its place', () => {
    const found = problems('name: x\ntags: [a, b\nport: }\n');
    expect(found.length).toBeGreaterThan(0);
    for (const line of found) expect(line).toMatch(/^a\.yaml:[23]:\d+: expected YAML, got an error in it: \S/);
    expect(problems('name: x\nname: y')[0]).toMatch(/^a\.yaml:2:1: expected YAML/);
  });

  it('takes an empty file and a scalar for what they are', () => {
    expect(problems('')[0]).toMatch(/^a\.yaml:1:1: expected name \(text\), got nothing/);
    expect(problems('hello')).toEqual(['a.yaml:1:1: expected a mapping, got "hello"']);
  });

  it('shortens what it shows', () => {
    const [problem] = problems(`name: [${'long, '.repeat(100)}]`);
    expect(problem).toMatch(/^a\.yaml:1:1: expected text, got \["long"/);
    expect(problem?.length).toBeLessThan(120);
  });

  it('gives in order of place what is wrong in shape and what a further check finds, and each place once', () => {
    const further = () => [
      { path: ['tags', 1], message: 'expected c, got b', hint: 'say c' },
      { path: ['port'], message: 'expected an open port, got 0' },
      { path: ['server', 'url'], message: 'expected a url, got nothing' },
    ];
    const text = '\nname: x\ntags:\n  - a\n  - b\nport: 0\nprot: 1\n';
    const failing = () => checkedYaml(schema, { file: 'a.yaml', text }, further);
    expect(failing).toThrow(HarnessError);
    expect(failing).toThrow(
      expect.objectContaining({
        message: `a.yaml:2:1: expected a url, got nothing
a.yaml:5:5: expected c, got b (say c)
a.yaml:6:1: expected a number of at least 1, got 0
a.yaml:7:1: expected a known field, got "prot" (did you mean port?)`,
      }),
    );
  });

  it('refuses a file of the right shape for what a further check finds', () => {
    const further = ({ port }: { port?: number | undefined }) =>
      port === 22 ? [{ path: ['port'], message: 'expected another port, got 22' }] : [];
    const read = (port: number) => checkedYaml(schema, { file: 'a.yaml', text: `name: x\nport: ${port}` }, further);
    expect(read(23)).toEqual({ name: 'x', port: 23 });
    expect(() => read(22)).toThrow(/^a\.yaml:2:1: expected another port, got 22$/);
  });
});

describe('overrides', () => {
  it('take the place of what the file says', () => {
    const overrides = [
      { path: ['port'], value: 2 },
      { path: ['tags', 1], value: 'c' },
      { path: ['server', 'url'], value: 'u' },
    ];
    expect(check('name: x\nport: 1\ntags: [a, b]', { overrides })).toEqual({
      name: 'x',
      port: 2,
      tags: ['a', 'c'],
      server: { url: 'u' },
    });
  });

  it('are where a problem points if they made it', () => {
    expect(problems('name: x\nport: 1', { overrides: [{ path: ['port'], value: -1 }] })).toEqual([
      '--set port: expected a number of at least 1, got -1',
    ]);
    expect(problems('name: x', { overrides: [{ path: ['server', 'ulr'], value: 'u' }] })).toEqual([
      '--set server.ulr: expected a known field, got "ulr" (did you mean url?)',
    ]);
  });

  it('cannot stand below a plain value', () => {
    expect(problems('name: x', { overrides: [{ path: ['name', 'first'], value: 1 }] })[0]).toMatch(
      /^--set name\.first: /,
    );
  });
});

describe('the environment', () => {
  const interpolated = ['server'];
  const environment = { HOST: 'h', EMPTY: '', NESTED: '${HOST}' };

  it('fills in names and defaults, below the keys it is meant for', () => {
    const text = 'name: ${HOST}\nserver: { url: "http://${HOST}:${PORT:-8000}/${EMPTY:-e}/${HOST:-other}" }';
    expect(check(text, { interpolated, environment })).toEqual({
      name: '${HOST}',
      server: { url: 'http://h:8000/e/h' },
    });
  });

  it('lets a default be empty', () => {
    expect(check('name: x\nserver: { url: "${NONE:-}" }', { interpolated, environment }).server?.url).toBe('');
  });

  it('does not fill in what a value contains itself', () => {
    const value = check('name: x\nserver: { url: "${NESTED}" }', { interpolated, environment });
    expect(value.server?.url).toBe('${HOST}');
  });

  it('reports each name that is not set, with its place', () => {
    expect(problems('name: x\nserver:\n  url: ${ONE}-${TWO}\n', { interpolated, environment })).toEqual([
      'a.yaml:3:3: expected the environment variable ONE, got nothing (set ONE, or give a default: ${ONE:-…})',
      'a.yaml:3:3: expected the environment variable TWO, got nothing (set TWO, or give a default: ${TWO:-…})',
    ]);
  });

  it('fills in overrides as well, whether or not the file had the field', () => {
    const overrides = [{ path: ['server', 'url'], value: 'http://${HOST}' }];
    for (const text of ['name: x\nserver: { url: y }', 'name: x\nserver: {}', 'name: x']) {
      expect(check(text, { interpolated, environment, overrides }).server?.url).toBe('http://h');
    }
  });
});

describe('a secret', () => {
  const source = { interpolated: ['server'], secretKeys: ['token'], environment: { TOKEN: 'from-the-environment' } };
  const literal = 'hunter2';

  it('comes from the environment', () => {
    expect(check('name: x\nserver: { token: "${TOKEN}" }', source).server?.token).toBe('from-the-environment');
    expect(check('name: x\nserver: { token: "${NONE:-}" }', source).server?.token).toBe('');
  });

  it.each([
    ['plain', 'server:\n  token: hunter2'],
    ['quoted', 'server: { token: "hunter2" }'],
    ['beside a reference', 'server: { token: "hunter2${TOKEN}" }'],
    ['as a default', 'server: { token: "${TOKEN:-hunter2}" }'],
    ['as a block', 'server:\n  token: |\n    hunter2'],
    ['in a list', 'server: { token: [hunter2] }'],
    ['in a mapping', 'server: { token: { value: hunter2 } }'],
    ['behind an alias', 'tags: [&t hunter2]\nserver: { token: *t }'],
  ])('is refused where it stands in the file, %s, and never shown', (_, text) => {
    const found = problems(`name: x\n${text}`, source).join('\n');
    expect(found).toContain('a.yaml:');
    expect(found).toMatch(/expected .*got/);
    expect(found).not.toContain(literal);
  });

  it.each([
    ['in place of a reference', 'server:\n  token: ${TOKEN}', { path: ['server', 'token'], value: literal }],
    ['into a section that has none', 'server: { url: u }', { path: ['server', 'token'], value: literal }],
    ['into a section that is not there', '', { path: ['server', 'token'], value: literal }],
    ['as part of a whole section', '', { path: ['server'], value: { token: literal } }],
  ])('is refused as an override, %s, and never shown', (_, text, override) => {
    const found = problems(`name: x\n${text}`, { ...source, overrides: [override] }).join('\n');
    expect(found).toMatch(/expected a reference to the environment, got a literal/);
    expect(found).not.toContain(literal);
  });

  it('is not shown when it is wrong in some other way', () => {
    const environment = { TOKEN: literal };
    expect(
      problems('name: 1\nserver: { token: "${TOKEN}", url: 1 }', { ...source, environment }).join('\n'),
    ).not.toContain(literal);
  });
});
