import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { generateObject, generateText, stepCountIs, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';
import { checkedFetch } from './checked-fetch.mjs';
import { baseURL, model } from './client.mjs';

const provider = createOpenAI({ baseURL, apiKey: 'none', fetch: checkedFetch });
const City = z.object({ city: z.enum(['Paris', 'Rome']), population: z.number().int().min(0).max(99_000_000) });
// The demo model would go on calling until the limit.
const oneCall = { openai: { parallelToolCalls: false } };
const common = { temperature: 0, maxOutputTokens: 200, maxRetries: 0 };

for (const [way, lm] of [['chat completions', provider.chat(model)], ['Responses', provider.responses(model)]]) {
  test(`the AI SDK generates and streams text over ${way}`, async () => {
    const asked = { model: lm, system: 'Be brief.', prompt: 'What is the capital of France?', ...common };
    const { text, usage, finishReason } = await generateText(asked);
    assert.match(text, /Paris/);
    assert.equal(finishReason, 'stop');
    assert.ok(usage.outputTokens > 0);
    let streamed = '';
    const stream = streamText(asked);
    for await (const piece of stream.textStream) streamed += piece;
    assert.equal(streamed, text);
    assert.equal(await stream.finishReason, 'stop');
  });

  test(`the AI SDK calls tools over ${way}`, async () => {
    const called = [];
    const { steps } = await generateText({
      model: lm,
      prompt: 'How many people live in Paris?',
      tools: { look_up: tool({ description: 'Looks a city up.', inputSchema: City, execute: async (args) => { called.push(args); return 'many'; } }) },
      toolChoice: 'required',
      providerOptions: oneCall,
      stopWhen: stepCountIs(2),
      ...common,
    });
    assert.ok(steps.length >= 1);
    assert.ok(called.length >= 1);
    called.forEach((args) => City.parse(args));
  });

  test(`the AI SDK generates objects over ${way}`, async () => {
    const { object } = await generateObject({ model: lm, schema: City, prompt: 'Name a city.', ...common });
    City.parse(object);
    const stream = streamObject({ model: lm, schema: City, prompt: 'Name a city.', ...common });
    for await (const part of stream.partialObjectStream) assert.equal(typeof part, 'object');
    City.parse(await stream.object);
  });
}
