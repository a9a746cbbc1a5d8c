import { describe, expect, it } from 'vitest';
import { openaiChat } from '../../src/protocol/openai-chat.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import { decoded, describeProtocol } from './protocol-contract.ts';

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

describeProtocol('tgi', {
  protocol: tgi('tag'),
  stream: (texts, { inputTokens, outputTokens }) =>
    texts
      .map((text, i) => {
        const isLast = i === texts.length - 1;
        return event({
          index: i + 1,
          token: { id: 100 + i, text, logprob: -0.5, special: false },
          generated_text: isLast ? texts.join('') : null,
          details: isLast
            ? { finish_reason: 'length', generated_tokens: outputTokens, seed: null, input_length: inputTokens }
            : null,
        });
      })
      .join(''),
  answer: (text, { outputTokens }) =>
    JSON.stringify({
      generated_text: text,
      details: { finish_reason: 'length', generated_tokens: outputTokens, seed: 1, prefill: [], tokens: [] },
    }),
  overloaded: '{"error":"Model is overloaded","error_type":"overloaded"}',
  invalid: '{"error":"Input validation error: too long","error_type":"validation"}',
  answersInputTokens: false,
});

const chunk = (delta: unknown, finish: string | null = null) =>
  event({ object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });
const usage = (inputTokens: number, outputTokens: number) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
});

describeProtocol('openai-chat', {
  protocol: openaiChat('m'),
  stream: (texts, { inputTokens, outputTokens }) =>
    chunk({ role: 'assistant', content: '' }) +
    texts.map(text => chunk({ content: text })).join('') +
    chunk({}, 'length') +
    event({ object: 'chat.completion.chunk', choices: [], usage: usage(inputTokens, outputTokens) }) +
    'data: [DONE]\n\n',
  answer: (text, { inputTokens, outputTokens }) =>
    JSON.stringify({
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'length' }],
      usage: usage(inputTokens, outputTokens),
    }),
  overloaded: '{"error":{"message":"Model is overloaded","http_status_code":422}}',
  invalid: '{"error":{"message":"Input validation error: too long","http_status_code":422}}',
  answersInputTokens: true,
});

describe('openai-chat', () => {
  const protocol = openaiChat('big');

  it('asks for usage in a stream and puts images into parts', () => {
    const image = { mediaType: 'image/png' as const, base64: 'AAAA', width: 1, height: 1, fileBytes: 3 };
    const body = JSON.parse(
      protocol.encode({ prompt: 'What?', images: [image], maxNewTokens: 5, parameters: {}, stream: true }),
    ) as unknown;
    expect(body).toEqual({
      model: 'big',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            { type: 'text', text: 'What?' },
          ],
        },
      ],
      max_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('does not count chunks that name only the role, nor empty ones', () => {
    expect(protocol.decodeEvent('{"choices":[{"delta":{"role":"assistant"}}]}')).toEqual({ kind: 'other' });
    expect(protocol.decodeEvent('{"choices":[{"delta":{"role":"assistant","content":""}}]}')).toEqual({
      kind: 'other',
    });
  });

  it('counts reasoning and tool calls as tokens', () => {
    expect(protocol.decodeEvent('{"choices":[{"delta":{"reasoning_content":"hm"}}]}')).toEqual({ kind: 'token' });
    expect(protocol.decodeEvent('{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}')).toEqual({ kind: 'token' });
  });

  it('takes several tokens in one chunk from the usage', () => {
    const events = decoded(
      protocol,
      chunk({ content: 'three tokens here' }) + chunk({}, 'stop') + event({ choices: [], usage: usage(4, 3) }),
    );
    expect(events.filter(({ kind }) => kind === 'token')).toHaveLength(1);
    expect(events).toContainEqual({ kind: 'counts', answer: { kind: 'answer', inputTokens: 4, outputTokens: 3 } });
  });

  it('sees a stream that is nothing but its end mark', () => {
    expect(decoded(protocol, 'data: [DONE]\n\n').some(({ kind }) => kind === 'final' || kind === 'token')).toBe(false);
  });
});
