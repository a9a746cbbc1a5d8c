/**
 * A page that is asked for again and again while it is wanted, one question at a time. Invariant: a question that is
 * refused is not asked again before its time, one that can only be refused again is never repeated, and nobody waits.
 */
import type { Clock } from '../clock.ts';
import type { PageReader } from '../http/page.ts';

export interface PagePollOptions {
  readonly reader: PageReader;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Where it may be: the first that answers is kept. */
  readonly urls: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Takes in a page as it arrived; gives whether it is one. */
  readonly onPage: (text: string, atMs: number) => boolean;
  /** Told what went wrong; `absent` where there is nothing at any of the addresses. */
  readonly onGap: (gap: string, absent: boolean) => void;
  /** Told of a refusal of the token: nothing at the same service must be asked any more. */
  readonly onUnauthorised: () => void;
  /** Whether it is to be asked at present. */
  readonly isWanted: () => boolean;
}

/** The longest pause after refusals. */
const longestPauseMs = 60_000;

export class PagePoll {
  readonly #options: PagePollOptions;
  #urls: readonly string[];
  #refusals = 0;
  #notBeforeMs = 0;
  #isAsking = false;
  #isOver = false;
  #found = false;
  #callOff: () => void = () => {};
  /** How often it was asked, over all of the run. */
  asked = 0;

  constructor(options: PagePollOptions) {
    this.#options = options;
    this.#urls = options.urls;
    this.#tick();
  }

  stop(): void {
    this.#isOver = true;
    this.#callOff();
  }

  #tick(): void {
    const { clock, intervalMs, isWanted } = this.#options;
    const nowMs = clock.nowMs();
    this.#callOff = clock.at(nowMs + intervalMs, () => this.#tick());
    if (this.#isAsking || nowMs < this.#notBeforeMs || !isWanted()) return;
    this.#isAsking = true;
    void this.#ask().finally(() => {
      this.#isAsking = false;
    });
  }

  async #ask(): Promise<void> {
    const { reader, headers, clock, onPage, onGap, onUnauthorised } = this.#options;
    const [url = ''] = this.#urls;
    this.asked++;
    const page = await reader.read(url, headers);
    if (this.#isOver) return;
    if (page.kind === 'problem') {
      // What is too large once will be so again.
      if (page.problem.startsWith('sent more')) this.stop();
      return onGap(`its metrics page ${page.problem}`, false);
    }
    const { status, text } = page;
    if (status === 200 && onPage(text, clock.nowMs())) {
      this.#refusals = 0;
      this.#found = true;
      return;
    }
    switch (status) {
      case 401:
      case 403:
        this.stop();
        onUnauthorised();
        return onGap(`its metrics page refused the token (${status}); it is not asked again`, false);
      case 429:
        return this.#refused(page.retryAfterMs);
      default:
        if (status >= 500) return onGap(`its metrics page answered ${status}`, false);
        return this.#next(
          status === 200 ? `answered with ${page.type || 'something'} that is no such page` : `answered ${status}`,
        );
    }
  }

  #refused(retryAfterMs: number | undefined): void {
    const { clock, intervalMs, onGap } = this.#options;
    const pauseMs = Math.min(longestPauseMs, Math.max(retryAfterMs ?? 0, intervalMs * 2 ** ++this.#refusals));
    this.#notBeforeMs = clock.nowMs() + pauseMs;
    onGap(`its metrics page was refused by a limiter (429); asked again after ${Math.round(pauseMs / 1000)} s`, false);
  }

  /** It is not here: perhaps at the next address. */
  #next(why: string): void {
    const rest = this.#urls.slice(1);
    if (!this.#found && rest.length > 0) {
      this.#urls = rest;
      return;
    }
    this.stop();
    this.#options.onGap(`its metrics page ${why}`, !this.#found);
  }
}
