// One client of the server that BITFLEET_URL names.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import OpenAI from 'openai';
import { checkedFetch, settle } from './checked-fetch.mjs';

const url = process.env.BITFLEET_URL;
if (!url) {
  throw new Error('BITFLEET_URL is not set: the address of a running Bitfleet, such as http://127.0.0.1:8080');
}

export const model = process.env.BITFLEET_MODEL ?? 'bitfleet-demo';

// No retries: a first answer that is wrong must be seen.
export const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, timeout: 60_000, fetch: checkedFetch });

export const baseURL = `${url}/v1`;

// Whatever a test looks at itself, every answer it got has to fit the API documents.
after(() => settle(assert));

/** A chat request of one question, answered greedily. */
export function question(content) {
  return { model, messages: [{ role: 'user', content }], temperature: 0, max_tokens: 120 };
}
