/** One request to the null target: no more of it is looked at than decides the answer. */
export interface NullRequest {
  readonly method: string;
  readonly path: string;
  /** The client's `x-request-id`; '' where it sent none. */
  readonly requestId: string;
  readonly maxNewTokens: number;
  readonly stream: boolean;
}

const headEnd = Buffer.from('\r\n\r\n');
const maxHeadBytes = 64 << 10;
const maxBodyBytes = 64 << 20;
/** The parameters of a request stand behind its prompt, so only so much of its end is read. */
const tailBytes = 4 << 10;

/** Takes the bytes of one connection apart into requests, wherever they are cut. */
export class RequestReader {
  readonly #onRequest: (request: NullRequest) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** How many bytes the request that is coming in has, once its head is there. */
  #needed = 0;

  constructor(onRequest: (request: NullRequest) => void) {
    this.#onRequest = onRequest;
  }

  /** Takes in one chunk. False where what came is no request this target understands. */
  push(chunk: Buffer): boolean {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes > 0) {
      if (this.#bytes < this.#needed) return true;
      const bytes = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
      const headLength = bytes.indexOf(headEnd);
      if (headLength === -1) {
        this.#pieces = [bytes];
        return bytes.length <= maxHeadBytes;
      }
      const head = bytes.toString('latin1', 0, headLength);
      const bodyBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (bodyBytes > maxBodyBytes || /\r\ntransfer-encoding:/i.test(head)) return false;
      this.#needed = headLength + headEnd.length + bodyBytes;
      this.#pieces = [bytes];
      if (bytes.length < this.#needed) return true;
      const [method = '', path = ''] = head.slice(0, head.indexOf('\r\n')).split(' ', 2);
      const tail = bytes.toString('latin1', Math.max(headLength, this.#needed - tailBytes), this.#needed);
      const rest = bytes.subarray(this.#needed);
      this.#pieces = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      this.#needed = 0;
      this.#onRequest({
        method,
        path,
        requestId: /\r\nx-request-id: *([^\r]*)/i.exec(head)?.[1] ?? '',
        maxNewTokens: Number(/"max_new_tokens": *(\d+)/.exec(tail)?.[1] ?? 1),
        stream: /"stream": *true/.test(tail),
      });
    }
    return true;
  }
}
