// Answers that arrive while the provider still works. The provider is the fake one, and each test decides when it goes on:
// without streaming, the first read would wait until the test's time is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { caught, clip, upstreamURL, wired } from './stack.mjs';

const timeout = 30_000;
const ask = { model: 'fake-tts', voice: 'alloy', input: 'Hello.', response_format: 'wav' };
const FIRST = 40_000; // bytes; the gateway looks at the first ones before it sends any

async function step(command, body = '') {
  const answer = await fetch(`${upstreamURL}/_steps/${command}`, { method: 'POST', body });
  assert.equal(answer.status, 200);
}

// Two seconds of WAV whose samples count up.
function wav() {
  const data = Buffer.alloc(44 + 96_000);
  for (let at = 44; at < data.length; at += 2) data.writeInt16LE((at * 7) % 30_000, at);
  data.write('RIFF', 0);
  data.writeUInt32LE(data.length - 8, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(24_000, 24);
  data.writeUInt32LE(48_000, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(data.length - 44, 40);
  return data;
}

function event(value) {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function delta(text) {
  return event({ type: 'transcript.text.delta', delta: text });
}

async function transcribe(options = {}) {
  const request = { model: 'gpt-4o-transcribe', file: await toFile(clip, 'a.wav'), stream: true };
  return wired.audio.transcriptions.create(request, options);
}

test('speech is read piece by piece while the provider still speaks', { timeout }, async () => {
  const sound = wav();
  await step('begin', 'audio/wav');
  await step('send', sound.subarray(0, FIRST));
  const response = await wired.audio.speech.create(ask);
  const reader = response.body.getReader();
  const pieces = [(await reader.read()).value];
  await step('send', sound.subarray(FIRST));
  await step('end');
  for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
  assert.deepEqual(Buffer.concat(pieces).subarray(44), sound.subarray(44));
});

test('the events of a transcript are read while the provider still listens', { timeout }, async () => {
  await step('begin', 'text/event-stream');
  await step('send', delta('Good '));
  const texts = [];
  for await (const each of await transcribe()) {
    texts.push(each.type === 'transcript.text.delta' ? each.delta : each.text);
    if (texts.length === 1) await step('send', delta('morning.'));
    if (texts.length === 2) {
      await step('send', event({ type: 'transcript.text.done', text: 'Good morning.' }) + 'data: [DONE]\n\n');
      await step('end');
    }
  }
  assert.deepEqual(texts, ['Good ', 'morning.', 'Good morning.']);
});

test('aborting speech stops the provider', { timeout }, async () => {
  const abort = new AbortController();
  await step('begin', 'audio/wav');
  await step('send', wav().subarray(0, FIRST));
  const response = await wired.audio.speech.create(ask, { signal: abort.signal });
  const reader = response.body.getReader();
  await reader.read();
  abort.abort();
  await step('disconnected');
  const error = await caught((async () => { while (!(await reader.read()).done); })());
  assert.equal(error.name, 'AbortError');
});

// The function learns of it when it sends its first byte: only then has it a connection that can close.
test('aborting speech before its first byte stops the provider at its first byte', { timeout }, async () => {
  const abort = new AbortController();
  await step('begin', 'audio/wav');
  const answer = caught(wired.audio.speech.create(ask, { signal: abort.signal }));
  await step('asked');
  abort.abort();
  assert.ok((await answer) instanceof OpenAI.APIUserAbortError);
  await step('send', wav().subarray(0, FIRST));
  await step('disconnected');
});

test('aborting a transcript stops the provider', { timeout }, async () => {
  await step('begin', 'text/event-stream');
  await step('send', delta('Good '));
  const stream = await transcribe();
  for await (const each of stream) {
    assert.equal(each.delta, 'Good ');
    stream.controller.abort();
  }
  await step('disconnected');
});

test('an error in the middle of a transcript is raised with its code', { timeout }, async () => {
  await step('begin', 'text/event-stream');
  await step('send', delta('Good '));
  const texts = [];
  const error = await caught((async () => {
    for await (const each of await transcribe()) {
      texts.push(each.delta);
      await step('cut');
    }
  })());
  assert.deepEqual(texts, ['Good ']);
  assert.ok(error instanceof OpenAI.APIError, String(error));
  assert.equal(error.code, 'provider_unavailable');
});

test('speech that breaks off in the middle is an error', { timeout }, async () => {
  await step('begin', 'audio/wav');
  await step('send', wav().subarray(0, FIRST));
  const response = await wired.audio.speech.create(ask);
  const reader = response.body.getReader();
  await reader.read();
  await step('cut');
  const error = await caught((async () => { while (!(await reader.read()).done); })());
  assert.ok(error instanceof TypeError, String(error)); // of fetch: terminated
});
