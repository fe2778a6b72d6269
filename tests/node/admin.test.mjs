import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { admin, adminClient, baseURL, bytes, caught } from './stack.mjs';

async function speak(apiKey) {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
  return bytes(await client.audio.speech.create({ model: 'espeak-ng', voice: 'alloy', input: 'Hello.' }));
}

test('a key works from its creation to its end', async () => {
  const project = await admin.projects.create({ name: 'of a test' });
  const { api_key: key, id } = await admin.projects.serviceAccounts.create(project.id, {
    name: 'program',
    limits: { requests_per_minute: 100 },
  });
  assert.ok((await speak(key.value)).length);
  const named = { project_id: project.id };
  const shown = await admin.projects.apiKeys.retrieve(key.id, named);
  assert.deepEqual([shown.owner.service_account.id, shown.limits], [id, { requests_per_minute: 100 }]);
  // This version of the SDK has no method for it.
  const path = `/organization/projects/${project.id}/api_keys/${key.id}`;
  const changed = await adminClient.post(path, { body: { limits: { models: ['moonshine-tiny'] } } });
  assert.deepEqual(changed.limits, { requests_per_minute: 100, models: ['moonshine-tiny'] });
  assert.ok((await caught(speak(key.value))) instanceof OpenAI.PermissionDeniedError);
  assert.equal((await admin.projects.apiKeys.delete(key.id, named)).deleted, true);
  assert.ok((await caught(speak(key.value))) instanceof OpenAI.AuthenticationError);
  assert.equal((await admin.projects.archive(project.id)).status, 'archived');
});

test('all pages are read', async () => {
  const project = await admin.projects.create({ name: 'of a test' });
  const made = [];
  for (let number = 0; number < 5; number += 1) {
    const account = await admin.projects.serviceAccounts.create(project.id, { name: `program ${number}` });
    made.push(account.api_key.id);
  }
  const listed = [];
  for await (const key of admin.projects.apiKeys.list(project.id, { limit: 2 })) listed.push(key.id);
  assert.deepEqual(listed, made);
});

test('an admin key is created, listed and deleted', async () => {
  const made = await admin.adminAPIKeys.create({ name: 'second', expires_in_seconds: 3600 });
  const listed = [];
  for await (const key of admin.adminAPIKeys.list({ limit: 1 })) listed.push(key.id);
  assert.ok(listed.includes(made.id));
  assert.equal((await admin.adminAPIKeys.delete(made.id)).deleted, true);
  assert.ok((await caught(admin.adminAPIKeys.retrieve(made.id))) instanceof OpenAI.NotFoundError);
});
