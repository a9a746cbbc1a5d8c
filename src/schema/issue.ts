import { z } from 'zod';
import type { Path, Problem } from './checked-yaml.ts';
import { nearest } from './nearest.ts';

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
}

/** What zod found, in our words: `expected …, got …`; one problem for each unknown key. */
export function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType, root: unknown): Problem[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = [...new Set(schemasAt(jsonSchema(schema), path).flatMap(each => Object.keys(each.properties ?? {})))];
    return issue.keys.map(key => unknownKey([...path, key], key, known));
  }
  if (issue.code === 'invalid_union') {
    // Of several alternatives the one that was meant is the one of the same type: its problems are the useful ones.
    const meant = issue.errors.find(
      errors => !errors.some(each => each.code === 'invalid_type' && each.path.length === 0),
    );
    if (issue.errors.length === 0) {
      const kinds = schemasAt(jsonSchema(schema), path).flatMap(
        each => each.enum ?? (each.const === undefined ? [] : [each.const]),
      );
      return [{ path, message: `expected ${kinds.join(' | ')}, got ${shown(valueAt(root, path))}` }];
    }
    if (meant !== undefined) {
      return meant.flatMap(each => describeIssue({ ...each, path: [...issue.path, ...each.path] }, schema, root));
    }
  }
  if (issue.code === 'custom') return [{ path, message: issue.message, ...hintOf(issue.params) }];
  const value = valueAt(root, path);
  if (value === undefined && path.length > 0) {
    return [{ path, message: `expected ${path.at(-1)} (${expectation(issue)}), got nothing` }];
  }
  return [{ path, message: `expected ${expectation(issue)}, got ${shown(value)}` }];
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string | number, unknown> | undefined)?.[part], root);
}

function hintOf(params: Record<string, unknown> | undefined): { hint?: string } {
  return typeof params?.['hint'] === 'string' ? { hint: params['hint'] } : {};
}

function unknownKey(path: Path, key: string, known: readonly string[]): Problem {
  const close = nearest(key, known);
  const meant = close === undefined ? {} : { meant: [...path.slice(0, -1), close] };
  const hint = close === undefined ? `known here: ${known.join(', ')}` : `did you mean ${close}?`;
  return {
    path,
    message: `expected a known field, got ${JSON.stringify(key)}`,
    ...(known.length > 0 ? { hint, ...meant } : {}),
  };
}

/** What a schema says of the value at a path, in each of its alternatives. */
function schemasAt(schema: JsonSchema, [head, ...rest]: Path): JsonSchema[] {
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (head === undefined) return [schema, ...alternatives.flatMap(each => schemasAt(each, []))];
  const child = typeof head === 'number' ? schema.items : (schema.properties?.[head] ?? schema.additionalProperties);
  const here = typeof child === 'object' ? schemasAt(child, rest) : [];
  return [...here, ...alternatives.flatMap(each => schemasAt(each, [head, ...rest]))];
}

/** What a zod issue wanted, as words that follow "expected". */
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('expected ')) return issue.message.slice('expected '.length);
  switch (issue.code) {
    case 'invalid_type':
      return (
        (
          {
            object: 'a mapping',
            record: 'a mapping',
            array: 'a list',
            string: 'text',
            number: 'a number',
            int: 'a whole number',
            boolean: 'true or false',
          } as Record<string, string>
        )[issue.expected] ?? issue.expected
      );
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `a number ${issue.inclusive ? 'of at least' : 'above'} ${issue.minimum}`
        : `at least ${issue.minimum} of them`;
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `a number ${issue.inclusive ? 'of at most' : 'below'} ${issue.maximum}`
        : `at most ${issue.maximum} of them`;
    case 'invalid_value':
      return issue.values.map(String).join(' | ');
    case 'invalid_union':
      return [...new Set(issue.errors.flatMap(([first]) => (first === undefined ? [] : [expectation(first)])))].join(
        ' or ',
      );
    default:
      return issue.message;
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
