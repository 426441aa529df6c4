// Embeddings through OpenAI's package, of the random model 'embed' that is served beside the demo.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { client } from './client.mjs';

const embed = (input, more = {}) => client.embeddings.create({ model: 'embed', input, ...more });
const length = (vector) => Math.hypot(...vector);

test('vectors have length 1, whether the package asks for base64 or floats', async () => {
  const byDefault = await embed('Hello'); // The package asks for base64 and decodes it.
  const floats = await embed('Hello', { encoding_format: 'float' });
  assert.equal(byDefault.model, 'embed');
  assert.equal(byDefault.data[0].embedding.length, 256);
  assert.ok(Math.abs(length(byDefault.data[0].embedding) - 1) < 1e-5);
  floats.data[0].embedding.forEach((value, i) => {
    assert.equal(Math.fround(value), Math.fround(byDefault.data[0].embedding[i]));
  });
  const base64 = await embed('Hello', { encoding_format: 'base64' });
  assert.equal(Buffer.from(base64.data[0].embedding, 'base64').length, 4 * 256);
});

test('a list gives what each of it gives alone', async () => {
  const both = await embed(['one', 'another text']);
  assert.deepEqual(both.data.map((entry) => entry.index), [0, 1]);
  const alone = await embed('another text');
  assert.deepEqual(both.data[1].embedding, alone.data[0].embedding);
  assert.ok(both.usage.prompt_tokens > alone.usage.prompt_tokens);
  assert.equal(both.usage.total_tokens, both.usage.prompt_tokens);
});

test('tokens are inputs too, and dimensions shorten', async () => {
  assert.equal((await embed([1, 2, 3])).data.length, 1);
  assert.equal((await embed([[1, 2], [3]])).data.length, 2);
  const shorter = await embed('Hello', { dimensions: 32 });
  assert.equal(shorter.data[0].embedding.length, 32);
  assert.ok(Math.abs(length(shorter.data[0].embedding) - 1) < 1e-5);
});

test('what cannot be is refused with its field', async () => {
  const refused = async (input, more, param) => {
    await assert.rejects(embed(input, more), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, String(error));
      assert.equal(error.param, param);
      return true;
    });
  };
  await refused('Hello', { dimensions: 257 }, 'dimensions');
  await refused('', {}, 'input');
  await refused(['a', ''], {}, 'input[1]');
  await refused('word '.repeat(2000), {}, 'input');
  await assert.rejects(client.embeddings.create({ model: 'ada', input: 'a' }), OpenAI.NotFoundError);
});
