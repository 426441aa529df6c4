// One client of the server that BITFLEET_URL names.
import OpenAI from 'openai';

const url = process.env.BITFLEET_URL;
if (!url) {
  throw new Error('BITFLEET_URL is not set: the address of a running Bitfleet, such as http://127.0.0.1:8080');
}

export const model = process.env.BITFLEET_MODEL ?? 'bitfleet-demo';

// No retries: a first answer that is wrong must be seen.
export const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, timeout: 60_000 });

/** A chat request of one question, answered greedily. */
export function question(content) {
  return { model, messages: [{ role: 'user', content }], temperature: 0, max_tokens: 120 };
}
