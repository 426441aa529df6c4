import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { client, model } from './client.mjs';

const France = 'What is the capital of France?';
const asked = (input, more = {}) => ({ model, input, temperature: 0, max_output_tokens: 120, ...more });

test('a response answers, and is kept until it is deleted', async () => {
  const response = await client.responses.create(asked(France, { metadata: { topic: 'geography' } }));
  assert.match(response.output_text, /Paris/);
  assert.equal(response.status, 'completed');
  assert.equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens);
  const kept = await client.responses.retrieve(response.id);
  assert.equal(kept.output_text, response.output_text);
  assert.deepEqual(kept.metadata, { topic: 'geography' });
  const items = await client.responses.inputItems.list(response.id);
  assert.equal(items.data[0].content[0].text, France);
  await client.responses.delete(response.id);
  await assert.rejects(client.responses.retrieve(response.id), OpenAI.NotFoundError);
});

test('the events of a stream add up to the response that comes whole', async () => {
  const whole = await client.responses.create(asked(France));
  const events = [];
  let text = '';
  for await (const event of await client.responses.create(asked(France, { stream: true }))) {
    assert.equal(event.sequence_number, events.length);
    events.push(event.type);
    if (event.type === 'response.output_text.delta') {
      text += event.delta;
    }
  }
  assert.equal(text, whole.output_text);
  assert.equal(events[0], 'response.created');
  assert.equal(events.at(-1), 'response.completed');
});

test('the stream helper takes up a stream by its id', async () => {
  const first = client.responses.stream(asked(France));
  const made = await first.finalResponse();
  assert.match(made.output[0].content[0].text, /Paris/);
  const seen = [];
  const again = client.responses.stream({ response_id: made.id, starting_after: 3 });
  again.on('event', (event) => seen.push(event.sequence_number));
  const replayed = await again.finalResponse();
  assert.deepEqual(replayed.output, made.output);
  assert.equal(seen[0], 4);
});

test('an answer is held to a schema and parsed', async () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 20 }, large: { type: 'boolean' } },
    required: ['city', 'large'],
    additionalProperties: false,
  };
  const response = await client.responses.parse(
    asked(France, { text: { format: { type: 'json_schema', name: 'city', schema, strict: true } } }),
  );
  assert.equal(response.status, 'completed');
  assert.equal(typeof response.output_parsed.city, 'string');
  assert.equal(typeof response.output_parsed.large, 'boolean');
});

test('a tool is called, answered, and the turn goes on', async () => {
  const tools = [
    {
      type: 'function',
      name: 'add',
      description: 'Adds two numbers.',
      parameters: {
        type: 'object',
        properties: { a: { type: 'integer', minimum: 0, maximum: 9 }, b: { type: 'integer', minimum: 0, maximum: 9 } },
        required: ['a', 'b'],
        additionalProperties: false,
      },
      strict: true,
    },
  ];
  const first = await client.responses.create(asked('What is 2 + 3?', { tools, tool_choice: 'required', parallel_tool_calls: false }));
  const call = first.output.find((item) => item.type === 'function_call');
  assert.equal(call.name, 'add');
  const args = JSON.parse(call.arguments);
  assert.ok(Number.isInteger(args.a) && Number.isInteger(args.b));
  const second = await client.responses.create(
    asked([{ type: 'function_call_output', call_id: call.call_id, output: String(args.a + args.b) }], {
      previous_response_id: first.id,
      tools,
      tool_choice: 'none',
    }),
  );
  assert.equal(second.status === 'completed' || second.status === 'incomplete', true);
  assert.equal(second.output[0].type, 'message');
  await assert.rejects(
    client.responses.create(asked([{ type: 'function_call_output', call_id: 'call_none', output: '5' }])),
    (error) => error instanceof OpenAI.BadRequestError && error.param === 'input',
  );
});

test('a call streams its arguments', async () => {
  const tools = [{ type: 'function', name: 'now', parameters: { type: 'object', properties: {}, additionalProperties: false } }];
  let args = '';
  let done = null;
  const stream = await client.responses.create(asked('What time is it?', { tools, tool_choice: { type: 'function', name: 'now' }, parallel_tool_calls: false, stream: true }));
  for await (const event of stream) {
    if (event.type === 'response.function_call_arguments.delta') {
      args += event.delta;
    } else if (event.type === 'response.function_call_arguments.done') {
      done = event;
    }
  }
  assert.equal(done.arguments, args);
  assert.deepEqual(JSON.parse(args), {});
});

test('a background response is polled, followed, and called off', async () => {
  let response = await client.responses.create(asked(France, { background: true }));
  assert.equal(response.status, 'queued');
  const text = await new Promise((resolve, reject) => {
    (async () => {
      let joined = '';
      for await (const event of await client.responses.retrieve(response.id, { stream: true })) {
        if (event.type === 'response.output_text.delta') {
          joined += event.delta;
        }
      }
      resolve(joined);
    })().catch(reject);
  });
  response = await client.responses.retrieve(response.id);
  assert.equal(response.status, 'completed');
  assert.equal(response.output_text, text);
  assert.equal((await client.responses.cancel(response.id)).status, 'completed');
});

test('previous_response_id carries the context, not the instructions', async () => {
  const first = await client.responses.create(asked(France, { instructions: 'Answer briefly.' }));
  const second = await client.responses.create(asked(France, { previous_response_id: first.id }));
  assert.equal(second.instructions, null);
  assert.equal(second.previous_response_id, first.id);
  assert.ok(second.usage.input_tokens > 0);
  await assert.rejects(
    client.responses.create(asked('x', { previous_response_id: 'resp_none' })),
    (error) => error instanceof OpenAI.BadRequestError && error.code === 'previous_response_not_found',
  );
});

test('responses take turns in a conversation', async () => {
  const conversation = await client.conversations.create({ metadata: { a: 'b' } });
  await client.responses.create(asked(France, { conversation: conversation.id }));
  const second = await client.responses.create(asked(France, { conversation: { id: conversation.id } }));
  assert.equal(second.conversation.id, conversation.id);
  const items = [];
  for await (const item of client.conversations.items.list(conversation.id, { order: 'asc' })) {
    items.push(item);
  }
  assert.deepEqual(items.map((item) => item.role), ['user', 'assistant', 'user', 'assistant']);
  assert.equal(items[3].id, second.output[0].id);
});

test('input tokens are counted as the response will count them', async () => {
  const count = await client.responses.inputTokens.count({ model, input: France });
  const response = await client.responses.create(asked(France));
  assert.equal(count.object, 'response.input_tokens');
  assert.equal(count.input_tokens, response.usage.input_tokens);
});

test('logprobs are reported when they are included', async () => {
  const response = await client.responses.create(
    asked(France, { include: ['message.output_text.logprobs'], top_logprobs: 2 }),
  );
  const { logprobs } = response.output[0].content[0];
  assert.ok(logprobs.length > 0);
  assert.equal(logprobs[0].top_logprobs.length, 2);
  assert.ok(logprobs[0].logprob <= 0);
});

test('what is not available is refused by name', async () => {
  await assert.rejects(
    client.responses.create(asked('x', { tools: [{ type: 'web_search' }] })),
    (error) => error instanceof OpenAI.BadRequestError && error.param === 'tools[0].type',
  );
});
