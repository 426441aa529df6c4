import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { client, model } from './client.mjs';

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a place.',
    strict: true,
    parameters: {
      type: 'object',
      properties: { place: { type: 'string', enum: ['Paris', 'Rome'] }, days: { type: 'integer', minimum: 1, maximum: 5 } },
      required: ['place', 'days'],
      additionalProperties: false,
    },
  },
};
const ask = {
  model,
  messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
  temperature: 0,
  max_tokens: 200,
};

function check(call) {
  assert.match(call.id, /^call_/);
  assert.equal(call.type, 'function');
  assert.equal(call.function.name, 'get_weather');
  const args = JSON.parse(call.function.arguments);
  assert.ok(['Paris', 'Rome'].includes(args.place));
  assert.ok(Number.isInteger(args.days) && args.days >= 1 && args.days <= 5);
}

test('a required tool is called with arguments that fit its schema', async () => {
  const completion = await client.chat.completions.create({ ...ask, tools: [weather], tool_choice: 'required', parallel_tool_calls: false });
  const [choice] = completion.choices;
  assert.equal(choice.finish_reason, 'tool_calls');
  assert.equal(choice.message.content, null);
  choice.message.tool_calls.forEach(check);
});

test('a tool that is named is the one that is called, once when calls are not parallel', async () => {
  const other = { type: 'function', function: { name: 'other', parameters: { type: 'object', properties: {} } } };
  const completion = await client.chat.completions.create({
    ...ask,
    tools: [other, weather],
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    parallel_tool_calls: false,
  });
  assert.equal(completion.choices[0].message.tool_calls.length, 1);
  check(completion.choices[0].message.tool_calls[0]);
});

test('a streamed call is the same call, its id and name coming once', async () => {
  const request = { ...ask, tools: [weather], tool_choice: 'required', parallel_tool_calls: false };
  const whole = (await client.chat.completions.create(request)).choices[0].message.tool_calls[0];
  const stream = await client.chat.completions.create({ ...request, stream: true });
  let name = '';
  let args = '';
  const ids = [];
  let reason;
  for await (const chunk of stream) {
    const [choice] = chunk.choices;
    for (const call of choice?.delta.tool_calls ?? []) {
      assert.equal(call.index, 0);
      if (call.id) ids.push(call.id);
      name += call.function?.name ?? '';
      args += call.function?.arguments ?? '';
    }
    reason = choice?.finish_reason ?? reason;
  }
  assert.equal(ids.length, 1);
  assert.equal(name, 'get_weather');
  assert.equal(args, whole.function.arguments);
  assert.equal(reason, 'tool_calls');
});

test('the loop of a tool: call, result, answer', async () => {
  const called = [];
  const runner = client.chat.completions.runTools({
    ...ask,
    tool_choice: 'required',
    parallel_tool_calls: false,
    tools: [{
      type: 'function',
      function: { ...weather.function, parse: JSON.parse, function: (args) => { called.push(args); return 'sunny'; } },
    }],
  }, { maxChatCompletions: 2 });
  await runner.done().catch(() => {});
  assert.ok(called.length >= 1);
  const result = runner.messages.find((message) => message.role === 'tool');
  assert.equal(result.content, 'sunny');
});

test('allowed tools and no tools', async () => {
  const completion = await client.chat.completions.create({
    ...ask,
    tools: [weather],
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'get_weather' } }] } },
  });
  completion.choices[0].message.tool_calls.forEach(check);
  const none = await client.chat.completions.create({ ...ask, tools: [weather], tool_choice: 'none' });
  assert.equal(none.choices[0].message.tool_calls, undefined);
  assert.notEqual(none.choices[0].finish_reason, 'tool_calls');
});

test('functions of old are called too', async () => {
  const completion = await client.chat.completions.create({
    ...ask,
    functions: [weather.function],
    function_call: { name: 'get_weather' },
  });
  assert.equal(completion.choices[0].finish_reason, 'function_call');
  JSON.parse(completion.choices[0].message.function_call.arguments);
});

const Person = z.object({
  name: z.string().max(20),
  age: z.number().int().min(0).max(150),
  languages: z.array(z.enum(['en', 'fr', 'de'])).max(3),
  address: z.object({ city: z.string().max(20), zip: z.string().regex(/^[0-9]{5}$/) }).nullable(),
});

test('structured output is parsed into its type', async () => {
  const completion = await client.chat.completions.parse({
    ...ask,
    max_tokens: 400,
    response_format: zodResponseFormat(Person, 'person'),
  });
  const person = completion.choices[0].message.parsed;
  assert.deepEqual(Person.parse(person), person);
});

test('a tool of a type is parsed too', async () => {
  const completion = await client.chat.completions.parse({
    ...ask,
    max_tokens: 400,
    tools: [zodFunction({ name: 'save_person', parameters: Person })],
    tool_choice: 'required',
    parallel_tool_calls: false,
  });
  Person.parse(completion.choices[0].message.tool_calls[0].function.parsed_arguments);
});

test('a JSON object is one, and a grammar is followed', async () => {
  const json = await client.chat.completions.create({ ...ask, max_tokens: 100, response_format: { type: 'json_object' } });
  const object = JSON.parse(json.choices[0].message.content);
  assert.ok(object !== null && typeof object === 'object' && !Array.isArray(object));
  const digits = await client.chat.completions.create({ ...ask, grammar: 'root ::= [0-9]{3} "-" [0-9]{2}' });
  assert.match(digits.choices[0].message.content, /^[0-9]{3}-[0-9]{2}$/);
});

test('a schema that cannot be promised is refused by its path', async () => {
  await assert.rejects(
    client.chat.completions.create({
      ...ask,
      response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object', properties: { a: { type: 'string' } } } } },
    }),
    (e) => e.status === 400 && e.param?.startsWith('response_format.json_schema.schema'),
  );
});
