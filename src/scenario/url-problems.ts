import type { Path, Problem } from '../schema/checked-yaml.ts';

/** What is wrong with a text as the address of a service. */
export function problemsOfUrl(text: string, path: Path): Problem[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return [
      {
        path,
        message: `expected an http or https URL, got ${JSON.stringify(text.replace(/\/\/[^/@]*@/, '//…@'))}`,
        hint: 'for example http://localhost:8000',
      },
    ];
  }
  if (url.username !== '' || url.password !== '')
    return [{ path, message: 'expected a URL without a name and password in it', hint: 'use token: ${NAME}' }];
  return [];
}
