/**
 * Lengths of prompts and answers as they were seen in production, to ask a service what it will be asked. Prompts and
 * answers are drawn apart: in these traces their ranks hardly correlate (−0.02 … 0.07).
 *
 * The numbers are quantiles computed from, and no rows of, these sources:
 *
 * - Azure LLM inference traces 2023, code and conversation (github.com/Azure/AzurePublicDataset), CC-BY 4.0.
 *   Patel et al., "Splitwise: Efficient generative LLM inference using phase splitting", ISCA 2024.
 * - Summaries of arXiv papers of at most 4k tokens, as processed for Vidur (github.com/microsoft/vidur), MIT.
 *   Agrawal et al., "Vidur: A large-scale simulation framework for LLM inference", MLSys 2024.
 * - Mooncake conversation trace (github.com/kvcache-ai/Mooncake), Apache-2.0.
 *   Qin et al., "Mooncake: Trading more storage for less computation", FAST 2025.
 */
import type { PresetName } from '../scenario/workload.ts';
import type { Quantiles } from './lengths.ts';

export interface Preset {
  readonly input: Quantiles;
  readonly output: Quantiles;
  /** Answers are asked to be no longer. */
  readonly maxOutputTokens: number;
}

const levels = [0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1];
const knots = (...tokens: readonly number[]): Quantiles => tokens.map((length, i) => [levels[i] as number, length]);

const azureConversation = {
  input: knots(2, 29, 181, 207, 387, 403, 703, 1020, 1071, 1130, 1315, 2734, 4083, 4098, 4142, 4831, 14_050),
  output: knots(7, 16, 41, 54, 77, 91, 103, 129, 177, 384, 400, 424, 451, 540, 601, 643, 1000),
};
const azureCode = {
  input: knots(3, 17, 75, 147, 386, 770, 1075, 1469, 1909, 2433, 3192, 5188, 7303, 7436, 7436, 7436, 7437),
  output: knots(6, 6, 6, 7, 8, 9, 11, 13, 16, 20, 29, 55, 90, 171, 251, 359, 1899),
};
const arxivSummaries = {
  input: knots(1, 73, 749, 1242, 1802, 2150, 2453, 2730, 2996, 3249, 3490, 3702, 3813, 3892, 3933, 3963, 4054),
  output: knots(5, 36, 60, 78, 104, 125, 145, 167, 192, 222, 268, 372, 736, 2775, 3271, 3582, 4056),
};
const mooncakeConversation = {
  input: knots(
    891,
    894,
    901,
    964,
    1662,
    3263,
    4993,
    6909,
    9570,
    13_196,
    17_869,
    27_367,
    39_550,
    66_449,
    85_400,
    100_810,
    126_195,
  ),
  output: knots(1, 3, 10, 24, 100, 213, 291, 350, 399, 447, 504, 597, 698, 892, 1119, 1568, 2000),
};

export const presets: Readonly<Record<PresetName, Preset>> = {
  /** People talking to an assistant. */
  chat: { ...azureConversation, maxOutputTokens: 1000 },
  /** Documents before the question, the answer of an assistant after it: papers in, conversation out. */
  rag: { input: arxivSummaries.input, output: azureConversation.output, maxOutputTokens: 1000 },
  /** Papers in, their summaries out; the few that run on are cut at 512. */
  summarise: { ...arxivSummaries, maxOutputTokens: 512 },
  /** A completion in an editor: much context in, a line or two out. */
  code: { ...azureCode, maxOutputTokens: 1899 },
  /** Long contexts carried along from call to call. */
  agent: { ...mooncakeConversation, maxOutputTokens: 2000 },
};
