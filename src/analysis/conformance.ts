/** Whether a service does what its API document says: judgements on single answers, each with what to do about it. */
import { isMapping, parseJson } from '../protocol/json.ts';

/** One point of the document and what was found. */
export interface Check {
  readonly name: string;
  readonly documented: string;
  readonly found: string;
  readonly conforms: boolean;
  /** What it means for a scenario. */
  readonly advice?: string;
}

/** The parts of an answer that are judged; header names in lower case, status 0 where none came. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `/health` answers 200 with a status. */
export function judgeHealth(root: Reply, below: Reply): Check {
  const documented = 'GET /health: 200 {"status":"healthy"}';
  if (root.status === 200 && field(root.body, 'status') === 'healthy')
    return { name: 'health', documented, found: 'as documented', conforms: true };
  if (root.status === 200) return { name: 'health', documented, found: `200 ${quoted(root.body)}`, conforms: false };
  const found = below.status === 200 ? `${told(root)}; the endpoint's own path answers 200` : told(root);
  return {
    name: 'health',
    documented,
    found,
    conforms: false,
    advice: 'health is read from the status of the endpoint path',
  };
}

/** `/info` names the model. */
export function judgeInfo(root: Reply, below: Reply): Check {
  const documented = 'GET /info: model_id, max_sequence_length, …';
  if (root.status === 200 && typeof field(root.body, 'model_id') === 'string') {
    const missing = ['model_dtype', 'max_sequence_length', 'timestamp'].filter(
      name => field(root.body, name) === undefined,
    );
    const found =
      missing.length === 0 ? `as documented: ${field(root.body, 'model_id')}` : `without ${missing.join(', ')}`;
    return { name: 'info', documented, found, conforms: missing.length === 0 };
  }
  const where =
    typeof field(below.body, 'model_id') === 'string'
      ? `; below the endpoint: ${field(below.body, 'model_id')}, max_concurrent_requests ${field(below.body, 'max_concurrent_requests') ?? 'unknown'}`
      : '';
  return {
    name: 'info',
    documented,
    found: told(root) + where,
    conforms: false,
    advice: 'the model behind a run is read below its endpoint, where it can be',
  };
}

/** A request without a token is refused with 401. */
export function judgeAuthorization(reply: Reply): Check {
  const documented = 'no token: 401, {"error":{"message","type","code"}}';
  const conforms = reply.status === 401 && isDocumentedError(reply.body);
  return { name: 'authorization', documented, found: conforms ? 'as documented' : told(reply), conforms };
}

/** A unary answer is one object with the generated text alone in it. */
export function judgeUnary(reply: Reply, prompt: string): Check {
  const documented = 'one object, generated_text without the prompt';
  const body = parseJson(reply.body);
  const answer: unknown = Array.isArray(body) ? body[0] : body;
  const text = isMapping(answer) ? answer['generated_text'] : undefined;
  if (reply.status !== 200 || typeof text !== 'string')
    return { name: 'unary answer', documented, found: told(reply), conforms: false };
  const deviations = [
    ...(Array.isArray(body) ? ['an array of one object'] : []),
    ...(text.startsWith(prompt) ? ['the prompt comes back before the text'] : []),
    ...(isMapping(answer) && isMapping(answer['details']) ? [] : ['no details, though asked for']),
  ];
  if (deviations.length === 0) return { name: 'unary answer', documented, found: 'as documented', conforms: true };
  return {
    name: 'unary answer',
    documented,
    found: deviations.join('; '),
    conforms: false,
    advice: 'both forms are read; return_full_text: false is sent unless a scenario says otherwise',
  };
}

/** A stream is server-sent events with a space after the colon, the last of them with the text and details. */
export function judgeStream(reply: Reply): Check {
  const documented = 'text/event-stream, "data: {…}", last event with generated_text';
  const type = reply.headers['content-type'] ?? 'no content type';
  if (reply.status !== 200 || !type.startsWith('text/event-stream')) {
    return {
      name: 'stream',
      documented,
      found: `${told(reply)} as ${type}`,
      conforms: false,
      advice: 'a stream was asked for and none came: set stream: false',
    };
  }
  const events = reply.body.split(/\r?\n/).filter(line => line.startsWith('data:'));
  const last = parseJson(events.at(-1)?.slice('data:'.length) ?? '');
  const deviations = [
    ...(events.every(line => line.startsWith('data: ')) ? [] : ['no space after "data:"']),
    ...(isMapping(last) && typeof last['generated_text'] === 'string' ? [] : ['no final event with generated_text']),
    ...(isMapping(last) && 'error' in last ? [`an error inside a 200: ${quoted(JSON.stringify(last))}`] : []),
  ];
  const blank = /\n\r?\n/.test(reply.body) ? 'a blank line after each event' : 'no blank lines between events';
  return {
    name: 'stream',
    documented,
    found: deviations.length === 0 ? `as documented, ${blank}` : deviations.join('; '),
    conforms: deviations.length === 0,
  };
}

/** A parameter out of range is refused with 400 and the documented shape. */
export function judgeBadRequest(reply: Reply): Check {
  const documented = 'max_new_tokens 0: 400, {"error":{"message","type","code"}}';
  const conforms = reply.status === 400 && isDocumentedError(reply.body);
  return { name: 'bad request', documented, found: conforms ? 'as documented' : told(reply), conforms };
}

/** The same as a stream is refused by status as well, not inside a 200. */
export function judgeBadStream(reply: Reply): Check {
  const documented = 'the same as a stream: 400 before any event';
  const conforms = reply.status === 400;
  const advice =
    reply.status === 200 ? { advice: 'failures hide inside a 200: count by outcome, never by status' } : {};
  return { name: 'refused stream', documented, found: conforms ? 'as documented' : told(reply), conforms, ...advice };
}

/** An image stands in `<image>…</image>`, and is looked at rather than read as text: two files of one size cost the same. */
export function judgeImage(tags: readonly Reply[], markdowns: readonly Reply[]): Check {
  const documented = '<image>BASE64</image> before the prompt';
  const [tag, markdown] = [imageReading(tags), imageReading(markdowns)];
  if (tag.isImage) return { name: 'image', documented, found: 'as documented', conforms: true };
  const found = `${tag.found}; ![](data:…): ${markdown.isImage ? 'looked at as an image' : markdown.found}`;
  return {
    name: 'image',
    documented,
    found,
    conforms: false,
    ...(markdown.isImage ? { advice: 'set service.imageSyntax: markdown' } : {}),
  };
}

/** What became of two pictures of one size: the tokens they cost, or the refusal. */
function imageReading(replies: readonly Reply[]): { isImage: boolean; found: string } {
  const refused = replies.find(({ status, body }) => status !== 200 || body.includes('"error"'));
  if (refused !== undefined) return { isImage: false, found: told(refused) };
  const tokens = replies.map(({ body }) => Number(/"input_length":\s*(\d+)/.exec(body)?.[1] ?? Number.NaN));
  if (tokens.some(Number.isNaN)) return { isImage: true, found: 'accepted, its tokens not told' };
  const isImage = new Set(tokens).size === 1;
  return { isImage, found: `read as text: two files of one size cost ${tokens.join(' and ')} tokens` };
}

/** The route of each model is its name. */
export function judgeRoutes(routes: readonly { readonly asked: string; readonly answered: string }[]): Check {
  const documented = 'POST /<model>/gpu<N>/generate';
  const others = routes.filter(({ asked, answered }) => asked !== answered);
  if (others.length === 0) return { name: 'path', documented, found: 'as documented', conforms: true };
  const found = others.map(({ asked, answered }) => `${asked} is served as ${answered}`).join('; ');
  return {
    name: 'path',
    documented,
    found,
    conforms: false,
    advice: 'write the served name as the model in the scenario',
  };
}

/** Where the model server's own metrics are; the document says nothing of them. */
export function judgeMetrics(below: Reply): Check {
  const found = below.status === 200 && below.body.includes('tgi_') ? 'below the endpoint: …/generate/metrics' : 'none';
  return { name: 'metrics', documented: 'not documented', found, conforms: true };
}

function isDocumentedError(body: string): boolean {
  const error = field(body, 'error');
  return isMapping(error) && typeof error['message'] === 'string' && 'type' in error && 'code' in error;
}

function told({ status, body }: Reply): string {
  return status === 0 ? `no answer: ${body}` : `${status} ${quoted(body)}`;
}

function quoted(body: string): string {
  const line = body.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? 'with an empty body' : line.length > 70 ? `${line.slice(0, 69)}…` : line;
}

function field(body: string, name: string): unknown {
  const value = parseJson(body);
  return isMapping(value) ? value[name] : undefined;
}
