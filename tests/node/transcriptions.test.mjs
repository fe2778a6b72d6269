import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { caught, client, clip, clipPath, looksRight, wired } from './stack.mjs';

const model = 'moonshine-tiny'; // hears what is said; the fake upstream hears at once what arrives
const fake = 'fake-stt';
const forms = {
  'toFile with a name': () => toFile(clip, 'speech.wav'),
  'toFile without a name': () => toFile(clip),
  'toFile of a stream': () => toFile(createReadStream(clipPath)),
  'a File': () => new File([clip], 'a b é "q".wav', { type: 'audio/x-wav' }),
  'a File with the wrong type': () => new File([clip], 'x.mp3', { type: 'audio/mpeg' }),
  'createReadStream, chunked and without a length': () => createReadStream(clipPath),
  'a fetch response': () => new Response(clip, { headers: { 'content-type': 'audio/wav' } }),
};

for (const [name, make] of Object.entries(forms)) {
  test(`${name} is transcribed`, async () => {
    const answer = await wired.audio.transcriptions.create({ model: fake, file: await make() });
    assert.match(answer.text, /^I heard 1\.1 seconds of wav/);
    assert.deepEqual(answer.usage, { type: 'duration', seconds: 2 });
  });
}

test('speech is transcribed, and JSON is an object', async () => {
  const answer = await client.audio.transcriptions.create({ model, file: createReadStream(clipPath) });
  assert.equal(typeof answer, 'object');
  assert.ok(looksRight(answer.text), answer.text);
  assert.match(answer._request_id, /^req_[0-9a-f]{32}$/);
});

for (const [response_format, pattern] of [
  ['text', /^\S.*\n$/],
  ['srt', /^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n\S[^]*\n\n\n$/],
  ['vtt', /^WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\n\S[^]*\n\n$/],
]) {
  test(`${response_format} is a string`, async () => {
    const answer = await wired.audio.transcriptions.create({ model: fake, file: await toFile(clip), response_format });
    assert.equal(typeof answer, 'string');
    assert.match(answer, pattern);
    assert.match(answer, /heard/);
  });
}

test('verbose_json has words and segments where both are asked for', async () => {
  const answer = await wired.audio.transcriptions.create({
    model: 'whisper-1',
    file: await toFile(clip),
    response_format: 'verbose_json',
    timestamp_granularities: ['word', 'segment'],
  });
  assert.ok(Math.abs(answer.duration - 1.15) < 0.01);
  assert.deepEqual(answer.words.map(({ word }) => word).join(' '), answer.text);
  assert.ok(answer.words.every(({ start, end }) => 0 <= start && start < end && end <= 1.16));
  const needed = ['id', 'seek', 'start', 'end', 'text', 'tokens', 'temperature', 'avg_logprob', 'compression_ratio', 'no_speech_prob'];
  assert.ok(answer.segments.every((segment) => needed.every((key) => key in segment)));
});

for (const [name, make] of [['a file', () => toFile(clip)], ['a stream', () => createReadStream(clipPath)]]) {
  test(`the transcript of ${name} can be streamed`, async () => {
    const stream = await wired.audio.transcriptions.create({ model: fake, file: await make(), stream: true });
    const events = [];
    for await (const event of stream) events.push(event);
    const done = events.pop();
    assert.equal(done.type, 'transcript.text.done');
    assert.ok(events.length > 0);
    assert.ok(events.every(({ type }) => type === 'transcript.text.delta'));
    assert.equal(events.map(({ delta }) => delta).join(''), done.text);
    assert.match(done.text, /^I heard/);
  });
}

test('translations answer in English', async () => {
  const answer = await client.audio.translations.create({ model: 'whisper-base', file: createReadStream(clipPath), response_format: 'verbose_json' });
  assert.ok(looksRight(answer.text), answer.text);
  assert.equal(answer.language, 'english');
  assert.ok(answer.segments.length > 0);
});

for (const [name, options, param, code] of [
  ['a language that is no code', { language: 'english' }, 'language', 'invalid_language_format'],
  ['a language that the model does not hear', { language: 'de' }, 'language', 'unsupported_value'],
  ['a prompt', { prompt: 'Austen' }, 'prompt', 'unsupported_value'],
  ['logprobs', { model: 'whisper-base', include: ['logprobs'] }, 'include', 'unsupported_value'],
  ['a temperature too high', { temperature: 1.5 }, 'temperature', null],
  ['words without verbose_json', { timestamp_granularities: ['word'] }, 'timestamp_granularities', null],
  ['voice activity detection', { chunking_strategy: { type: 'server_vad', threshold: 0.5 } }, 'chunking_strategy', 'unsupported_value'],
]) {
  test(`${name}: refused by name`, async () => {
    const error = await caught(client.audio.transcriptions.create({ model, file: await toFile(clip), ...options }));
    assert.ok(error instanceof OpenAI.BadRequestError, String(error));
    assert.equal(error.param, param);
    if (code) assert.equal(error.code, code);
    assert.ok(error.requestID);
  });
}

test('what is no audio is refused with the field', async () => {
  const error = await caught(client.audio.transcriptions.create({ model, file: await toFile(Buffer.from('hello'), 'a.mp3') }));
  assert.ok(error instanceof OpenAI.BadRequestError, String(error));
  assert.equal(error.param, 'file');
});

test('a streamed upload that is too large is refused', async () => {
  const big = Buffer.alloc(11_000_000);
  const error = await caught(client.audio.transcriptions.create({ model, file: await toFile(big, 'a.wav') }));
  assert.equal(error.status, 413, String(error));
});
