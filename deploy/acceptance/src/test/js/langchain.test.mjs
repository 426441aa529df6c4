import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAI } from '@langchain/openai';
import { z } from 'zod';
import { checkedFetch } from './checked-fetch.mjs';
import { baseURL, model } from './client.mjs';

const fields = { model, apiKey: 'none', temperature: 0, maxTokens: 200, maxRetries: 0, configuration: { baseURL, fetch: checkedFetch } };
const City = z.object({ city: z.enum(['Paris', 'Rome']), population: z.number().int().min(0).max(99_000_000) });
const lookUp = tool(async ({ city }) => `${city} has many people.`, { name: 'look_up', description: 'Looks a city up.', schema: City });

for (const useResponsesApi of [false, true]) {
  const chat = new ChatOpenAI({ ...fields, useResponsesApi });
  const way = useResponsesApi ? 'Responses' : 'chat completions';

  test(`LangChain asks and streams over ${way}`, async () => {
    const messages = [new SystemMessage('Be brief.'), new HumanMessage('What is the capital of France?')];
    const answer = await chat.invoke(messages);
    assert.match(answer.text, /Paris/);
    assert.ok(answer.usage_metadata.output_tokens > 0);
    let text = '';
    for await (const chunk of await chat.stream(messages)) text += chunk.text;
    assert.equal(text, answer.text);
  });

  test(`LangChain calls tools and takes their results over ${way}`, async () => {
    const bound = chat.bindTools([lookUp], { tool_choice: 'look_up', parallel_tool_calls: false });
    const question = new HumanMessage('How many people live in Paris?');
    const asked = await bound.invoke([question]);
    assert.equal(asked.tool_calls.length, 1);
    City.parse(asked.tool_calls[0].args);
    const result = await lookUp.invoke(asked.tool_calls[0]);
    assert.ok(result instanceof ToolMessage);
    const answer = await chat.invoke([question, asked, result]);
    assert.equal(typeof answer.text, 'string');
  });

  test(`LangChain gets structured output over ${way}`, async () => {
    const city = await chat.withStructuredOutput(City, { method: 'jsonSchema', strict: true }).invoke('Name a city.');
    City.parse(city);
  });
}

test('LangChain completes texts', async () => {
  const llm = new OpenAI({ ...fields, maxTokens: 8 });
  assert.ok((await llm.invoke('The capital of France is')).length > 0);
});
