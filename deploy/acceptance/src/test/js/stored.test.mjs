import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { client, question } from './client.mjs';

test('a stored completion is listed, shown, renamed and deleted', async () => {
  const tag = `stored-${process.pid}-${Date.now()}`;
  const made = await client.chat.completions.create({ ...question('What is the capital of France?'), store: true, metadata: { tag } });
  const { data } = await client.chat.completions.list({ metadata: { tag } });
  assert.deepEqual(data.map((each) => each.id), [made.id]);
  const shown = await client.chat.completions.retrieve(made.id);
  assert.equal(shown.choices[0].message.content, made.choices[0].message.content);
  const messages = await client.chat.completions.messages.list(made.id);
  assert.equal(messages.data[0].content, 'What is the capital of France?');
  const renamed = await client.chat.completions.update(made.id, { metadata: { tag: 'other' } });
  assert.equal(renamed.metadata.tag, 'other');
  const gone = await client.chat.completions.delete(made.id);
  assert.equal(gone.deleted, true);
  await assert.rejects(client.chat.completions.retrieve(made.id), OpenAI.NotFoundError);
});

test('a conversation has items, and a response in it remembers', async () => {
  const conversation = await client.conversations.create({
    metadata: { topic: 'geography' },
    items: [{ type: 'message', role: 'system', content: 'Be brief.' }],
  });
  assert.match(conversation.id, /^conv_/);
  const response = await client.responses.create({
    model: question('x').model, conversation: conversation.id, input: 'What is the capital of France?', temperature: 0, max_output_tokens: 60,
  });
  assert.match(response.output_text, /Paris/);
  const items = [];
  for await (const item of client.conversations.items.list(conversation.id, { order: 'asc', limit: 2 })) items.push(item);
  assert.deepEqual(items.map((item) => item.role), ['system', 'user', 'assistant']);
  const one = await client.conversations.items.retrieve(items[1].id, { conversation_id: conversation.id });
  assert.equal(one.content[0].text, 'What is the capital of France?');
  await client.conversations.items.delete(items[0].id, { conversation_id: conversation.id });
  const updated = await client.conversations.update(conversation.id, { metadata: { topic: 'maps' } });
  assert.equal(updated.metadata.topic, 'maps');
  const gone = await client.conversations.delete(conversation.id);
  assert.equal(gone.deleted, true);
  await assert.rejects(client.conversations.retrieve(conversation.id), OpenAI.NotFoundError);
});
