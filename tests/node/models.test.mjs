import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { baseURL, caught, client, wired } from './stack.mjs';

test('models are listed in one page', async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes('espeak-ng') && ids.includes('moonshine-tiny'));
});

test('a model is found by its id, with slash and space too', async () => {
  assert.equal((await client.models.retrieve('espeak-ng')).object, 'model');
  assert.equal((await wired.models.retrieve('org/name x')).id, 'org/name x');
  assert.equal((await wired.models.retrieve('ft:acme:tts')).id, 'ft:acme:tts');
});

test('an unknown model is not found', async () => {
  const error = await caught(client.models.retrieve('org/none'));
  assert.ok(error instanceof OpenAI.NotFoundError, String(error));
  assert.equal(error.code, 'model_not_found');
  assert.ok(error.requestID);
});

test('an unknown path is not found', async () => {
  const error = await caught(client.get('/_stainless_unknown_path'));
  assert.ok(error instanceof OpenAI.NotFoundError, String(error));
});

test('a wrong key is an AuthenticationError', async () => {
  const stranger = new OpenAI({ baseURL, apiKey: 'My API Key', maxRetries: 0 });
  const error = await caught(stranger.models.list());
  assert.ok(error instanceof OpenAI.AuthenticationError, String(error));
  assert.equal(error.code, 'invalid_api_key');
});

test('a wrong method is a 405', async () => {
  const error = await caught(client.models.delete('espeak-ng'));
  assert.equal(error.status, 405);
  assert.ok(error.error.message);
});

test('voices are listed', async () => {
  const { object, data } = await client.get('/audio/voices', { query: { model: 'espeak-ng' } });
  assert.equal(object, 'list');
  assert.ok(data.some(({ openai_name }) => openai_name === 'alloy'));
});
