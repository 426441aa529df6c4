import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { client, model, question } from './client.mjs';

test('a question gets the right answer', async () => {
  const completion = await client.chat.completions.create(question('What is the capital of France?'));
  assert.equal(completion.object, 'chat.completion');
  assert.equal(completion.model, model);
  assert.match(completion.id, /^chatcmpl-/);
  const [choice] = completion.choices;
  assert.match(choice.message.content, /Paris/);
  assert.equal(choice.message.role, 'assistant');
  assert.equal(choice.message.refusal, null);
  assert.equal(choice.finish_reason, 'stop');
  const { prompt_tokens, completion_tokens, total_tokens } = completion.usage;
  assert.ok(prompt_tokens > 0 && completion_tokens > 0);
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
});

test('the same question streamed gives the same text, piece by piece', async () => {
  const asked = question('Count to 5');
  const whole = await client.chat.completions.create(asked);
  const stream = await client.chat.completions.create({
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let pieces = 0;
  let finish = null;
  let usage = null;
  const ids = new Set();
  for await (const chunk of stream) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    ids.add(chunk.id);
    if (chunk.usage) {
      assert.deepEqual(chunk.choices, []);
      usage = chunk.usage;
      continue;
    }
    const [choice] = chunk.choices;
    if (choice.delta.content) {
      text += choice.delta.content;
      pieces++;
    }
    if (choice.finish_reason) {
      assert.equal(finish, null, 'a stream finishes once');
      finish = choice.finish_reason;
    }
  }
  assert.equal(text, whole.choices[0].message.content);
  for (const number of ['1', '2', '3', '4', '5']) {
    assert.ok(text.includes(number), text);
  }
  assert.ok(pieces > 1, 'streaming means more than one piece');
  assert.equal(finish, 'stop');
  assert.equal(ids.size, 1);
  assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
});

test('it recalls a name from earlier in the conversation', async () => {
  const completion = await client.chat.completions.create({
    ...question(''),
    messages: [
      { role: 'user', content: 'My name is Anna.' },
      { role: 'assistant', content: 'Nice to meet you, Anna!' },
      { role: 'user', content: 'What is my name?' },
    ],
  });
  assert.match(completion.choices[0].message.content, /Anna/);
});

test('the stream helper of the package understands the stream', async () => {
  const runner = client.chat.completions.stream(question('What is the capital of France?'));
  const deltas = [];
  runner.on('content', (delta) => deltas.push(delta));
  const final = await runner.finalChatCompletion();
  assert.equal(deltas.join(''), final.choices[0].message.content);
  assert.match(final.choices[0].message.content, /Paris/);
});

test('max_tokens ends a completion with finish_reason length', async () => {
  const completion = await client.chat.completions.create({ ...question('Count to 5'), max_tokens: 2 });
  assert.equal(completion.choices[0].finish_reason, 'length');
  assert.equal(completion.usage.completion_tokens, 2);
});

test('a stop sequence ends the text before it', async () => {
  const completion = await client.chat.completions.create({ ...question('Count to 5'), stop: ['4'] });
  const text = completion.choices[0].message.content;
  assert.ok(text.includes('3') && !text.includes('4'), text);
  assert.equal(completion.choices[0].finish_reason, 'stop');
});

test('the same seed gives the same text, several choices differ in index', async () => {
  const asked = { ...question('Tell me a joke'), temperature: 1, seed: 7, n: 2 };
  const one = await client.chat.completions.create(asked);
  const two = await client.chat.completions.create(asked);
  assert.deepEqual(one.choices.map((choice) => choice.index), [0, 1]);
  assert.deepEqual(
    one.choices.map((choice) => choice.message.content),
    two.choices.map((choice) => choice.message.content),
  );
});

test('a stream that is aborted ends without an error from the server', async () => {
  const stream = await client.chat.completions.create({
    ...question('Tell me a poem'),
    stream: true,
    ignore_eos: true,
    max_tokens: 400,
  });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta?.content) {
      stream.controller.abort();
      break;
    }
  }
  const after = await client.chat.completions.create(question('What is the capital of France?'));
  assert.match(after.choices[0].message.content, /Paris/);
});

test('text completion continues the prompt', async () => {
  const completion = await client.completions.create({ model, prompt: 'The capital of', max_tokens: 4, temperature: 0 });
  assert.equal(completion.object, 'text_completion');
  assert.equal(completion.usage.completion_tokens, 4);
  const stream = await client.completions.create({
    model,
    prompt: 'The capital of',
    max_tokens: 4,
    temperature: 0,
    stream: true,
  });
  let text = '';
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? '';
  }
  assert.equal(text, completion.choices[0].text);
});

test('models are listed and found', async () => {
  const ids = [];
  for await (const entry of client.models.list()) {
    ids.push(entry.id);
  }
  assert.deepEqual(ids, [model, 'embed']);
  const found = await client.models.retrieve(model);
  assert.equal(found.object, 'model');
});

test('errors come as the classes of the package', async () => {
  await assert.rejects(client.models.retrieve('no-such-model'), OpenAI.NotFoundError);
  await assert.rejects(
    client.chat.completions.create({ ...question('Hi'), model: 'no-such-model' }),
    (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.equal(error.code, 'model_not_found');
      return true;
    },
  );
  await assert.rejects(
    client.chat.completions.create({ ...question('Hi'), temperature: 'hot' }),
    (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'temperature');
      assert.ok(error.requestID);
      return true;
    },
  );
  await assert.rejects(
    client.chat.completions.create({ model, messages: [] }),
    (error) => error instanceof OpenAI.BadRequestError && error.param.startsWith('messages'),
  );
});
