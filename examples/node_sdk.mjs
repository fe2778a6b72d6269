// Speech and transcription with OpenAI's SDK for Node.js, and the fields of an error.
// Set OPENAI_BASE_URL and OPENAI_API_KEY: the SDK reads them itself.
import { createReadStream, writeFileSync } from 'node:fs';
import OpenAI from 'openai';

const speechModel = process.env.SPEECH_MODEL ?? 'tts-1';
const transcriptionModel = process.env.TRANSCRIPTION_MODEL ?? 'whisper-1';
const client = new OpenAI();

for await (const model of client.models.list()) {
  console.log(`${model.id} serves ${model.endpoints.join(', ')}`);
}

const speech = await client.audio.speech.create({
  model: speechModel,
  voice: 'alloy',
  input: 'Good morning. Thank you for listening.',
  response_format: 'wav',
});
writeFileSync('hello.wav', Buffer.from(await speech.arrayBuffer()));
console.log('spoken to hello.wav');

const transcript = await client.audio.transcriptions.create({
  model: transcriptionModel,
  file: createReadStream('hello.wav'),
  response_format: 'verbose_json',
  timestamp_granularities: ['word'],
});
for (const { start, word } of transcript.words) {
  console.log(`${start.toFixed(2).padStart(6)} s  ${word}`);
}

try {
  await client.audio.speech.create({ model: speechModel, voice: 'nobody', input: 'Hello.' });
} catch (error) {
  if (!(error instanceof OpenAI.BadRequestError)) throw error;
  // The operator can find this requestID in the log.
  console.log(`refused: param=${error.param} code=${error.code} request_id=${error.requestID}`);
}
