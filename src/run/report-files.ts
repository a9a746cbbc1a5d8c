/** A document as the files of a directory: a page, Markdown, and the charts of that as pictures beside it. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes, HarnessError } from '../errors.ts';
import type { Document } from '../report/document.ts';
import type { PageScript } from '../report/html/page.ts';
import { chartPath, markdown } from '../report/markdown.ts';

/** Writes `NAME.html`, `NAME.md` and `charts/*.svg`, and gives the path of the page. */
export async function writeDocument(directory: string, name: string, document: Document): Promise<string> {
  // What draws is large, and no other command needs it.
  const [{ page }, { chartSvg }] = await Promise.all([
    import('../report/html/page.ts'),
    import('../report/chart/svg.ts'),
  ]);
  const charts = document.blocks.filter(block => block.kind === 'chart');
  const pictures = join(directory, 'charts');
  if (charts.length > 0 && !existsSync(pictures)) await mkdir(pictures);
  for (const chart of charts) await writeFile(join(directory, chartPath(chart)), chartSvg(chart, document.stamp));
  await writeFile(join(directory, `${name}.md`), markdown(document));
  const path = join(directory, `${name}.html`);
  await writeFile(path, page(document, await pageScript()));
  return path;
}

/** What makes the charts of a page answer, as the build left it. Throws a HarnessError where it has not been built. */
async function pageScript(): Promise<PageScript> {
  const path = new URL('../../dist/report/browser/main.js', import.meta.url);
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim().replaceAll('</script', '<\\/script');
  } catch (cause) {
    throw new HarnessError(`${path.pathname}: expected the script of report pages, got none`, {
      hint: 'npm run build makes it',
      exitCode: exitCodes.internal,
      cause,
    });
  }
  return { text, sha256: createHash('sha256').update(text).digest('base64') };
}
