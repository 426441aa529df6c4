import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, model } from './client.mjs';

const ask = { model, prompt: 'The capital of France is', temperature: 0, max_tokens: 6 };

test('echo gives the prompt back, with its logprobs', async () => {
  const plain = await client.completions.create(ask);
  const echoed = await client.completions.create({ ...ask, echo: true, logprobs: 2 });
  const [choice] = echoed.choices;
  assert.equal(choice.text, ask.prompt + plain.choices[0].text);
  const { tokens, token_logprobs, top_logprobs, text_offset } = choice.logprobs;
  assert.equal(tokens.join(''), choice.text);
  // The first follows the model's own begin token.
  assert.ok(token_logprobs.every((value) => value <= 0));
  assert.equal(tokens.length, text_offset.length);
  assert.equal(tokens.length, top_logprobs.length);
});

test('a prompt can be scored alone', async () => {
  const scored = await client.completions.create({ ...ask, echo: true, logprobs: 0, max_tokens: 0 });
  assert.equal(scored.choices[0].text, ask.prompt);
  assert.equal(scored.usage.completion_tokens, 0);
  assert.equal(scored.choices[0].finish_reason, 'length');
});

test('several prompts with several choices keep their order', async () => {
  const answer = await client.completions.create({ ...ask, prompt: ['a', 'b'], n: 2, temperature: 1, seed: 5 });
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1, 2, 3]);
});

test('the best of several is given', async () => {
  const answer = await client.completions.create({ ...ask, best_of: 3, n: 1, temperature: 1, seed: 5 });
  assert.equal(answer.choices.length, 1);
  assert.ok(answer.usage.completion_tokens > 6);
});

test('a stop sequence ends it and is not part of it', async () => {
  const free = (await client.completions.create({ ...ask, max_tokens: 20 })).choices[0].text;
  const stop = free.trim().slice(2, 4);
  const stopped = await client.completions.create({ ...ask, max_tokens: 20, stop: [stop] });
  assert.equal(stopped.choices[0].text, free.slice(0, free.indexOf(stop)));
  assert.equal(stopped.choices[0].finish_reason, 'stop');
});

test('a bias decides', async () => {
  const answer = await client.completions.create({ ...ask, max_tokens: 1, logit_bias: { 40: 100 } });
  const again = await client.completions.create({ ...ask, max_tokens: 1, prompt: 'Something else', logit_bias: { 40: 100 } });
  assert.equal(answer.choices[0].text, again.choices[0].text);
});
