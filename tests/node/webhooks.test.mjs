import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { caught, hookPort, wired } from './stack.mjs';

const received = [];
const server = http.createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
  response.writeHead(202).end();
});

before(async () => {
  server.listen(hookPort, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());

const TYPE = 'audio.job.failed';

// This SDK verifies webhooks and has no calls for endpoints yet.
async function register() {
  const body = { name: 'node', url: `http://127.0.0.1:${hookPort}/`, event_types: [TYPE] };
  return wired.post('/webhook_endpoints', { body });
}

test('an endpoint is kept, and its secret shown once', async () => {
  const made = await register();
  assert.match(made.signing_secret, /^whsec_/);
  const listed = await wired.get('/webhook_endpoints', { query: { limit: 100 } });
  const found = listed.data.find(({ id }) => id === made.id);
  assert.equal(found.signing_secret, undefined);
  assert.equal((await wired.delete(`/webhook_endpoints/${made.id}`)).deleted, true);
  assert.ok((await caught(wired.get(`/webhook_endpoints/${made.id}`))) instanceof OpenAI.NotFoundError);
});

test('what is sent is unwrapped with the secret, and with no other', async () => {
  const made = await register();
  received.length = 0;
  const result = await wired.post(`/webhook_endpoints/${made.id}/test`, { body: { event_type: TYPE } });
  assert.deepEqual([result.status_code, result.success], [202, true]);
  const [{ body, headers }] = received;
  const event = await wired.webhooks.unwrap(body, headers, made.signing_secret);
  assert.deepEqual([event.type, event.object, event.id], [TYPE, 'event', headers['webhook-id']]);
  assert.match(event.data.id, /^job_/);
  const { signing_secret: other } = await wired.post(`/webhook_endpoints/${made.id}/rotate_secret`);
  assert.ok((await caught(wired.webhooks.unwrap(body, headers, other))) instanceof OpenAI.InvalidWebhookSignatureError);
  await wired.delete(`/webhook_endpoints/${made.id}`);
});
