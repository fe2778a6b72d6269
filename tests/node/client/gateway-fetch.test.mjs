// The fetch wrapper: OpenAI's SDK on top of it, the fake gateway of tests/fakes/job_gateway.py below (FAKE_BASE_URL).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, openSync, ftruncateSync, closeSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { gatewayFetch } from '../../../clients/node/index.mjs';

const baseURL = process.env.FAKE_BASE_URL;
const THRESHOLD = 100_000;
const BIG = THRESHOLD + 1;
const model = 'm';
const folder = mkdtempSync(path.join(tmpdir(), 'gateway-fetch-test-'));
after(() => rmSync(folder, { recursive: true }));

const control = async (name, body) =>
  (await fetch(baseURL.replace('/v1', `/_${name}`), { method: body ? 'POST' : 'GET', body: body && JSON.stringify(body) })).json();
const state = () => control('state');
const misbehave = (where, ...behaviours) => control('set', { next: [where, ...behaviours] });
beforeEach(() => control('reset', {}));

function sdk({ retries = 1, ...settings } = {}, options = {}) {
  return new OpenAI({ baseURL, apiKey: 'sk-fake', fetch: gatewayFetch({ threshold: THRESHOLD, retries, ...settings }), ...options });
}

function onDisk(content, name = 'talk.mp3') {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const kinds = {
  'a File': (content) => new File([content], 'é "q".mp3'),
  toFile: (content) => toFile(content, 'é "q".mp3'),
  'a stream of the file system': (content) => createReadStream(onDisk(content, 'é "q".mp3')),
};

for (const [kind, make] of Object.entries(kinds)) {
  for (const size of [0, 1, THRESHOLD, BIG, 1_000_000]) {
    test(`${kind} of ${size} bytes`, async () => {
      const content = randomBytes(size);
      const answer = await sdk().audio.transcriptions.create({ model, file: await make(content), prompt: 'Näme' });
      assert.equal(answer.text, `${size} bytes`);
      const { sent, uploads, jobs, announced } = await state();
      if (size <= THRESHOLD) {
        assert.deepEqual(sent, [['POST', '/v1/audio/transcriptions']]);
        return;
      }
      assert.deepEqual(sent.slice(0, 3).map(([, where]) => where), ['/v1/audio/uploads', '/bucket', '/v1/audio/transcriptions']);
      assert.deepEqual(uploads, [{ bytes: size, sha256: createHash('sha256').update(content).digest('hex') }]);
      assert.deepEqual(announced, [{ filename: 'é "q".mp3', bytes: size }]);
      assert.equal(jobs[0].fields.prompt, 'Näme');
      assert.equal(jobs[0].fields.background, 'true');
    });
  }
}

test('fields behind the file of a stream are kept', async () => {
  const file = createReadStream(onDisk(randomBytes(BIG)));
  const answer = await sdk().audio.transcriptions.create({ file, model, response_format: 'srt', language: 'en' });
  assert.equal(answer, `srt: ${BIG} bytes\n`);
  const { fields } = (await state()).jobs[0];
  assert.deepEqual([fields.model, fields.response_format, fields.language], ['m', 'srt', 'en']);
});

test('events, long text, audio that is named', async () => {
  const client = sdk();
  const events = [];
  const stream = await client.audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a.mp3'), stream: true });
  for await (const event of stream) events.push(event.type);
  assert.deepEqual(events, ['transcript.text.delta', 'transcript.text.done']);
  const speech = await client.audio.speech.create({ model, voice: 'v', input: 'é'.repeat(4097) });
  assert.equal(await speech.text(), 'RIFF4097');
  await client.audio.speech.create({ model, voice: 'v', input: 'x'.repeat(4096) });
  assert.equal((await state()).jobs.length, 2);
  const named = await client.post('/audio/transcriptions', { body: { model, file_url: 'https://x/a.mp3' } });
  assert.equal(named.text, 'None bytes');
});

test('progress, and more waiting than redirects that are followed', async () => {
  const told = [];
  const jobs = [];
  await control('set', { job_parts: 30 });
  const client = sdk({ onUpload: (...numbers) => told.push(numbers), onJob: (job) => jobs.push(job) });
  await client.audio.transcriptions.create({ model, file: new File([randomBytes(1_000_000)], 'a.mp3') });
  assert.deepEqual(told[0], [0, 1_000_000]);
  assert.deepEqual(told.at(-1), [1_000_000, 1_000_000]);
  assert.ok(told.every(([sent], i) => !i || sent > told[i - 1][0]));
  assert.equal(jobs.at(-1).status, 'succeeded');
  assert.equal(jobs.length, 31);
});

test('a result elsewhere is fetched without the key', async () => {
  await control('set', { result_elsewhere: true });
  const answer = await sdk().audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a'), response_format: 'text' });
  assert.equal(answer, 'from elsewhere');
});

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: an upload that is cut off is sent again, and one job is started`, async () => {
    await misbehave('/bucket', 'drop');
    await misbehave('/v1/audio/transcriptions', 'drop-answer');
    const answer = await sdk().audio.transcriptions.create({ model, file: await make(randomBytes(3_000_000)) });
    assert.equal(answer.text, '3000000 bytes');
    const { jobs, uploads } = await state();
    assert.deepEqual([jobs.length, uploads.length], [1, 1]);
  });
}

for (const [where, behaviours, status, code] of [
  ['/v1/audio/uploads', ['400'], 400, 'told_to'],
  ['/v1/audio/transcriptions', ['429:no'], 429, 'told_to'],
  ['/bucket', ['xml=400:EntityTooLarge'], 413, 'upload_failed'],
  ['/bucket', ['drop', 'drop', 'drop', 'drop'], 503, 'upload_failed'],
  ['/v1/audio/jobs', ['drop', 'drop', 'drop', 'drop'], 503, 'job_unreachable'],
  ['/v1/audio/jobs', ['502:no'], 502, 'told_to'],
]) {
  test(`${where} ${behaviours[0]}: an error of the SDK, and nothing is begun anew`, async () => {
    await misbehave(where, ...behaviours);
    const error = await caught(sdk().audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a') }));
    assert.ok(error instanceof OpenAI.APIError, String(error));
    assert.deepEqual([error.status, error.code], [status, code]);
    const { sent } = await state();
    assert.ok(sent.filter(([, to]) => to === '/v1/audio/uploads').length <= 2);
  });
}

test('a job that takes too long is cancelled', async () => {
  await control('set', { job_parts: 1_000_000 });
  const error = await caught(sdk({ waitSeconds: 0.2 }).audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a') }));
  assert.deepEqual([error.status, error.code], [408, 'job_timed_out']);
  assert.match(error.message, /was cancelled, and costs nothing/);
  assert.equal((await state()).jobs[0].status, 'cancelled');
});

test('what a cancelled job costs is told with where it is', async () => {
  await control('set', { job_parts: 1_000_000, cancelled_usage: { type: 'duration', seconds: 12 } });
  const told = [];
  const client = sdk({ waitSeconds: 0.2, onJob: (job) => told.push(job.status) });
  const error = await caught(client.audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a') }));
  assert.match(error.message, /the work done by then \(12 seconds\) is charged. The partial result is at http.*\/content\?partial=true\./);
  assert.equal(told.at(-1), 'cancelled');
});

test('an abort cancels the job', async () => {
  await control('set', { job_parts: 1_000_000 });
  const aborting = new AbortController();
  const client = sdk({ onJob: (job) => job.progress.completed > 1 && aborting.abort() });
  const error = await caught(client.audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a') }, { signal: aborting.signal }));
  assert.ok(error instanceof OpenAI.APIUserAbortError, String(error));
  assert.equal((await state()).jobs[0].status, 'cancelled');
});

test('the time-out of the SDK cancels the job, and says so', async () => {
  await control('set', { job_parts: 1_000_000 });
  const error = await caught(sdk({}, { timeout: 3000 }).audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a') }));
  assert.equal(error.status, 408, String(error));
  assert.match(error.message, /increase `timeout`/);
  const { jobs } = await state();
  assert.deepEqual(jobs.map(({ status }) => status), ['cancelled']);
});

test('what a callback throws reaches the caller', async () => {
  const broken = () => { throw new Error('mine'); };
  for (const settings of [{ onUpload: broken }, { onJob: broken }]) {
    await control('reset', {});
    const error = await caught(sdk(settings, { maxRetries: 0 }).audio.transcriptions.create({ model, file: new File([randomBytes(BIG)], 'a') }));
    assert.match(String(error.cause ?? error), /mine/);
    assert.ok((await state()).jobs.every(({ status }) => status === 'cancelled'));
  }
});

test('memory does not grow with the file, and nothing is left behind', async () => {
  const size = 300 * 1024 * 1024;
  const big = openSync(path.join(folder, 'sparse.wav'), 'w');
  ftruncateSync(big, size);
  closeSync(big);
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  const before = process.memoryUsage().rss;
  const answer = await sdk().audio.transcriptions.create({ model, file: createReadStream(path.join(folder, 'sparse.wav')) });
  clearInterval(watch);
  assert.equal(answer.text, `${size} bytes`);
  assert.ok(peak - before < 150e6, `${(peak - before) / 1e6} MB`);
  assert.deepEqual(readdirSync(tmpdir()).filter((name) => name.startsWith('audio-gateway-')), []);
});

test('settings that make no sense', () => {
  for (const wrong of [{ threshold: -1 }, { retries: -1 }, { waitSeconds: 0 }]) assert.throws(() => gatewayFetch(wrong), RangeError);
});
