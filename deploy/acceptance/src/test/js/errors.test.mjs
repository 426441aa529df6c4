import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import OpenAI from 'openai';
import { baseURL, client, model, question } from './client.mjs';

test('errors come as the classes of the client', async () => {
  await assert.rejects(client.chat.completions.create({ ...question('x'), temperature: 9 }), (e) =>
    e instanceof OpenAI.BadRequestError && e.param === 'temperature' && e.code === 'invalid_parameter' && e.requestID?.length > 0);
  await assert.rejects(client.chat.completions.create({ ...question('x'), model: 'none' }), (e) =>
    e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
  await assert.rejects(client.models.retrieve('none'), OpenAI.NotFoundError);
  await assert.rejects(client.embeddings.create({ model, input: 'x' }), (e) =>
    e instanceof OpenAI.APIError && e.status >= 400 && e.status < 500 && /embedding/i.test(e.message));
  await assert.rejects(client.responses.retrieve('resp_00000000000000000000000000000000'), OpenAI.NotFoundError);
  await assert.rejects(client.conversations.retrieve('conv_00000000000000000000000000000000'), OpenAI.NotFoundError);
});

test('too long a prompt is told by its code', async () => {
  await assert.rejects(client.chat.completions.create({ ...question('word '.repeat(50_000)) }), (e) =>
    e instanceof OpenAI.BadRequestError && e.code === 'context_length_exceeded' && e.param === 'messages');
});

test('a client that retries stores its completion once', async () => {
  // A proxy that loses the first answer after the server has given it.
  let calls = 0;
  const proxy = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host, connection, 'content-length': length, ...headers } = request.headers;
    const answer = await fetch(new URL(request.url, baseURL), { method: request.method, headers, body: chunks.length ? Buffer.concat(chunks) : undefined });
    const body = await answer.text();
    if (++calls === 1) {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
    response.end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((done) => proxy.once('listening', done));
  try {
    const retrying = new OpenAI({ baseURL: `http://127.0.0.1:${proxy.address().port}/v1`, apiKey: 'none', maxRetries: 2 });
    const tag = `retry-${process.pid}-${Date.now()}`;
    const kept = await retrying.chat.completions.create(
        { ...question('What is the capital of France?'), store: true, metadata: { tag } },
        { headers: { 'Idempotency-Key': tag } });
    assert.ok(calls >= 2);
    const stored = [];
    for await (const completion of client.chat.completions.list({ metadata: { tag } })) stored.push(completion.id);
    assert.deepEqual(stored, [kept.id]);
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
});
