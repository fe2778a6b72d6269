// Through the OpenAI adapter: the provider is the fake one of the tests, and says what it got and how it fails.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { bytes, caught, clip, clipPath, wired } from './stack.mjs';

test('speech and transcripts come through', async () => {
  const speech = await wired.audio.speech.create({ model: 'fake-tts', voice: 'alloy', input: 'Hello.' });
  assert.ok((await bytes(speech)).length > 100);
  const transcript = await wired.audio.transcriptions.create({ model: 'fake-stt', file: createReadStream(clipPath) });
  assert.ok(transcript.text.length > 0);
});

test('a stream of the provider comes through', async () => {
  const stream = await wired.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: await toFile(clip), stream: true });
  const types = new Set();
  for await (const event of stream) types.add(event.type);
  assert.deepEqual([...types], ['transcript.text.delta', 'transcript.text.done']);
});

test('what the operator must mend is not tried again', async () => {
  const error = await caught(
    wired.audio.speech.create({ model: 'locked-tts', voice: 'alloy', input: 'Hello.' }, { maxRetries: 2 }),
  );
  assert.equal(error.status, 502);
  assert.equal(error.headers.get('x-should-retry'), 'false');
});

test('nobody at the other end is a 503, or another model where the catalogue names one', async () => {
  const error = await caught(wired.audio.speech.create({ model: 'unreachable-tts', voice: 'alloy', input: 'Hello.' }));
  assert.ok(error instanceof OpenAI.InternalServerError, String(error));
  assert.ok([502, 503].includes(error.status));
  const { response } = await wired.audio.speech.create({ model: 'falling-tts', voice: 'alloy', input: 'Hello.' }).withResponse();
  assert.equal(response.headers.get('x-audio-gateway-model'), 'espeak-ng');
});
