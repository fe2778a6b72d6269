// One call of the SDK is one job and is paid once, whatever fails on its way: the real handlers behind tests/fakes/front.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';

const baseURL = process.env.FRONT_BASE_URL;
const control = async (name, body) => (await fetch(baseURL.replace('/v1', `/_${name}`), { method: 'POST', body: JSON.stringify(body) })).json();
const client = new OpenAI({ baseURL, apiKey: 'sk-x' });
// Only the pause after a lost connection is made shorter; what the SDK does after it is its own.
client.calculateDefaultRetryTimeoutMillis = () => 1;

const { faults, text, words } = await control('reset', {});
const cases = Object.entries(faults).flatMap(([kind, each]) => each.flatMap((fault) => [1, 2].map((times) => ({ kind, fault, times }))));
const say = async (model) => Buffer.from(await (await client.audio.speech.create({ model, input: text, voice: 'alloy', response_format: 'pcm' })).arrayBuffer());

for (const { kind, fault, times } of cases) {
  test(`a call that becomes a job: ${kind} ${fault} x${times}`, async () => {
    await control('reset', { kind, fault, times: fault === 'half' ? 1 : times });
    const spoken = say('slow-speaker');
    if (fault === 'half') await assert.rejects(spoken); // it reads the body after the call, which has returned
    else assert.equal((await spoken).length, text.length * 480);
    const { left, jobs, rows, spent } = await control('state', {});
    assert.deepEqual({ left, jobs, rows, spent }, { left: 0, jobs: 1, rows: 1, spent: 15 * text.length });
  });
}

test('a recording that becomes a job', async () => {
  for (const [kind, fault] of [['post', 'cut'], ['waiting', 'lost'], ['result', 'broken']]) {
    const { clip } = await control('reset', { kind, fault, times: 1 });
    const heard = await client.audio.transcriptions.create({ model: 'slow', file: await toFile(Buffer.from(clip, 'base64'), 'a.wav') });
    assert.equal(heard.text.split(' ').length, words);
    const { left, jobs, rows } = await control('state', {});
    assert.deepEqual({ left, jobs, rows }, { left: 0, jobs: 1, rows: 1 });
  }
});

for (const [kind, fault] of [['post', 'cut'], ['bucket', 'lost'], ['bucket', 'cut'], ['bucket', 'broken']]) {
  test(`a large answer: ${kind} ${fault}`, async () => {
    for (const times of [1, 2]) {
      await control('reset', { kind, fault, times, small: true });
      assert.equal((await say('one-breath')).length, text.length * 480);
      const { left, asked, settled } = await control('state', {});
      assert.deepEqual({ left, asked, settled }, { left: 0, asked: 1, settled: 1 });
    }
  });
}
