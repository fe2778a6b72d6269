// Transcribe a recording of any size, with progress: node big_file.mjs talk.mp3 talk.srt
// Set OPENAI_BASE_URL and OPENAI_API_KEY. Needs the client: npm install ./clients/node openai
import { createReadStream, writeFileSync } from 'node:fs';
import { gatewayFetch } from 'audio-gateway-client';
import OpenAI from 'openai';

const [recording, subtitles] = process.argv.slice(2);
if (!subtitles) {
  console.error('Usage: node big_file.mjs RECORDING SUBTITLES, such as talk.mp3 talk.srt');
  process.exit(2);
}
const client = new OpenAI({
  timeout: 24 * 3600 * 1000, // of the whole call
  fetch: gatewayFetch({
    onUpload: (sent, total) => process.stderr.write(`uploaded ${sent} of ${total} bytes\r`),
    onJob: ({ status, progress }) => console.log(`${status}: ${progress.completed} of ${progress.total} parts`),
  }),
});
const text = await client.audio.transcriptions.create({
  model: process.env.TRANSCRIPTION_MODEL ?? 'whisper-1',
  file: createReadStream(recording),
  response_format: 'srt',
});
writeFileSync(subtitles, text);
console.log(`${subtitles}: ${text.split('-->').length - 1} subtitles`);
