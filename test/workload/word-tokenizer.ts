/** A `tokenizer.json` of whole words, as byte-level BPE models have them; letters where it does not know a word. */
export function wordTokenizer(words: readonly string[], options: { beginsWith?: string } = {}): string {
  const vocabulary = new Map<string, number>();
  const know = (token: string) => void (vocabulary.has(token) || vocabulary.set(token, vocabulary.size));
  const merges: string[] = [];
  for (const letter of ['<s>', 'Ġ', ...'abcdefghijklmnopqrstuvwxyz']) know(letter);
  const merge = (left: string, right: string) => {
    if (!vocabulary.has(left + right)) merges.push(`${left} ${right}`);
    know(left + right);
    return left + right;
  };
  for (const word of words) merge('Ġ', [...word].reduce(merge));
  const { beginsWith } = options;
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      { id: 0, content: '<s>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor:
      beginsWith === undefined
        ? null
        : {
            type: 'TemplateProcessing',
            single: [{ SpecialToken: { id: beginsWith, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
            pair: [],
            special_tokens: { [beginsWith]: { id: beginsWith, ids: [0], tokens: [beginsWith] } },
          },
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(vocabulary),
      merges,
    },
  });
}
