/** A gate's verdict where it is looked for: terminal, files, job summary and annotations. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GateReport } from '../analysis/gate/judge.ts';
import type { Policy } from '../analysis/gate/policy.ts';
import { messageOf } from '../errors.ts';
import { gateAnnotations, gateJunit } from '../report/gate-outputs.ts';
import { type GateTitle, gateReport } from '../report/gate-report.ts';
import { markdown } from '../report/markdown.ts';
import { terminal } from '../report/terminal.ts';
import { writingInto } from '../store/run-directory.ts';
import { type Io, say, shownPath } from './io.ts';

export interface Delivery {
  readonly policy: Policy;
  readonly title: GateTitle;
  /** Where gate.json, gate.md and junit.xml go; undefined for nowhere. */
  readonly directory: string | undefined;
  readonly json: boolean;
  readonly io: Io;
}

/** Says what a gate found, everywhere; a job summary that cannot be written is no reason to lose the verdict. */
export async function deliver(report: GateReport, { policy, title, directory, json, io }: Delivery): Promise<void> {
  const document = gateReport(report, title);
  const written = { ...title, ...report };
  if (json) say(io.stdout, JSON.stringify(written));
  else say(io.stdout, terminal(document, { width: io.stdout.columns, colour: io.stdout.colour }));
  if (directory !== undefined) {
    await writingInto(directory, async () => {
      await writeFile(join(directory, 'gate.json'), `${JSON.stringify(written, null, 2)}\n`);
      await writeFile(join(directory, 'gate.md'), markdown(document));
      await writeFile(join(directory, 'junit.xml'), gateJunit(report, policy));
    });
    if (!json) say(io.stdout, `\nreport: ${shownPath(join(directory, 'gate.md'), io.directory)}`);
  }
  const { GITHUB_STEP_SUMMARY: summary, GITHUB_ACTIONS: actions } = io.environment;
  if (summary) {
    await appendFile(summary, `${markdown(document)}\n`).catch((error: unknown) =>
      say(io.stderr, `no job summary: ${messageOf(error)}`),
    );
  }
  if (actions) for (const line of gateAnnotations(report)) say(io.stderr, line);
}
