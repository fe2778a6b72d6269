import assert from 'node:assert/strict';
import { createWriteStream, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import OpenAI from 'openai';
import { bytes, caught, client, readWav, wired } from './stack.mjs';

const ask = { model: 'espeak-ng', voice: 'alloy', input: 'The quick brown fox jumps over the lazy dog.' };
const signatures = {
  mp3: ['audio/mpeg', (data) => (data.readUInt16BE(0) & 0xffe0) === 0xffe0 || data.subarray(0, 3).equals(Buffer.from('ID3'))],
  opus: ['audio/opus', (data) => data.subarray(0, 4).equals(Buffer.from('OggS')) && data.includes('OpusHead')],
  aac: ['audio/aac', (data) => (data.readUInt16BE(0) & 0xfff6) === 0xfff0],
  flac: ['audio/flac', (data) => data.subarray(0, 4).equals(Buffer.from('fLaC'))],
  wav: ['audio/wav', (data) => readWav(data).rate === 24_000 && readWav(data).sizesAreUnknown],
  pcm: ['audio/pcm', (data) => data.length % 2 === 0 && data.length > 48_000],
};

for (const [response_format, [contentType, isRight]] of Object.entries(signatures)) {
  test(`${response_format} arrives as what it is`, async () => {
    const response = await client.audio.speech.create({ ...ask, response_format });
    assert.ok(response instanceof Response);
    assert.equal(response.headers.get('content-type'), contentType);
    assert.ok(isRight(await bytes(response)));
  });
}

test('a response can be read as a blob and as a stream', async () => {
  const steady = { ...ask, model: 'pcm-tts', response_format: 'wav' };
  const blob = await (await wired.audio.speech.create(steady)).blob();
  assert.equal(blob.type, 'audio/wav');
  const target = path.join(mkdtempSync(path.join(tmpdir(), 'speech-')), 'speech.wav');
  const response = await wired.audio.speech.create(steady);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(target));
  assert.equal(statSync(target).size, blob.size);
});

test('a voice can be an object', async () => {
  const data = await bytes(await client.audio.speech.create({ ...ask, voice: { id: 'nova' }, response_format: 'wav' }));
  assert.ok(readWav(data).seconds > 1);
});

test('a speed divides the time', async () => {
  const plain = await bytes(await client.audio.speech.create({ ...ask, response_format: 'wav' }));
  const fast = await bytes(await client.audio.speech.create({ ...ask, speed: 2, response_format: 'wav' }));
  const ratio = readWav(plain).seconds / readWav(fast).seconds;
  assert.ok(Math.abs(ratio / 2 - 1) < 0.15, `${ratio} instead of 2`);
});

test('an answer of more than Lambda\'s buffered size arrives', async () => {
  const large = { model: 'fake-tts', voice: 'alloy', input: 'a'.repeat(1700), response_format: 'wav' }; // 102 s, 4.9 MB
  const data = await bytes(await wired.audio.speech.create(large));
  assert.ok(data.length > 4_500_000);
  assert.ok(Math.abs(readWav(data).seconds - 102) < 0.1);
});

test('server-sent events carry the same file', async () => {
  const steady = { ...ask, model: 'pcm-tts', response_format: 'mp3' }; // espeak-ng never says a thing twice the same way
  const plain = await bytes(await wired.audio.speech.create(steady));
  const response = await wired.audio.speech.create({ ...steady, stream_format: 'sse' });
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  const lines = (await response.text()).split(/\r?\n/).filter((line) => line !== '');
  assert.equal(lines.pop(), 'data: [DONE]');
  const events = lines.map((line) => JSON.parse(line.replace(/^data: /, '')));
  const done = events.pop();
  assert.equal(done.type, 'speech.audio.done');
  assert.ok(Number.isInteger(done.usage.total_tokens));
  assert.ok(Buffer.concat(events.map((event) => Buffer.from(event.audio, 'base64'))).equals(plain));
});

test('the raw response names the request and the model', async () => {
  const { data, response, request_id } = await client.audio.speech.create(ask).withResponse();
  assert.match(request_id, /^req_[0-9a-f]{32}$/);
  assert.equal(response.headers.get('x-audio-gateway-model'), 'espeak-ng');
  assert.ok((await bytes(data)).length > 1000);
});

for (const [name, options, param] of [
  ['no input', { input: '' }, 'input'],
  ['1,000,001 characters', { input: 'x'.repeat(1_000_001) }, 'input'],
  ['an unknown voice', { voice: 'nobody' }, 'voice'],
  ['a speed too high', { speed: 4.1 }, 'speed'],
  ['an unknown format', { response_format: 'ogg' }, 'response_format'],
  ['an unknown stream format', { stream_format: 'json' }, 'stream_format'],
  ['an unknown field', { pitch: 2 }, 'pitch'],
  ['half of a surrogate pair', { input: 'a\ud800b' }, 'input'],
]) {
  test(`${name}: refused by name`, async () => {
    const error = await caught(client.audio.speech.create({ ...ask, ...options }));
    assert.ok(error instanceof OpenAI.BadRequestError, String(error));
    assert.equal(error.param, param);
    assert.equal(error.type, 'invalid_request_error');
    assert.ok(error.requestID);
  });
}

test('an unknown model and one of another kind are not found', async () => {
  for (const model of ['nobody', 'moonshine-tiny']) {
    const error = await caught(client.audio.speech.create({ ...ask, model }));
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    assert.equal(error.code, 'model_not_found');
    assert.equal(error.param, 'model');
  }
});
