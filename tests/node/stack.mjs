// What the tests share: the clients, the clips, and how to look at an answer. `tests/stack` starts the stack and sets the variables.
import { readFileSync } from 'node:fs';
import OpenAI from 'openai';

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests with pytest tests/stack`);
  return value;
}

export const baseURL = required('GATEWAY_BASE_URL');
export const client = new OpenAI({ baseURL, apiKey: required('GATEWAY_API_KEY'), maxRetries: 0 });
const adminKey = required('GATEWAY_ADMIN_KEY');
export const adminClient = new OpenAI({ baseURL, apiKey: adminKey, adminAPIKey: adminKey, maxRetries: 0 });
export const admin = adminClient.admin.organization;
export const wired = new OpenAI({
  baseURL: required('WIRED_BASE_URL'),
  apiKey: required('WIRED_API_KEY'),
  maxRetries: 0,
});
export const hookPort = Number(required('WIRED_HOOK_PORT')); // of 127.0.0.1; the wired stack's webhooks may reach it
export const upstreamURL = required('UPSTREAM_URL'); // of the fake provider, whose answers the tests control
export const clipPath = required('GATEWAY_CLIP');
export const clip = readFileSync(clipPath);

export async function bytes(response) {
  return Buffer.from(await response.arrayBuffer());
}

// RIFF: rate and channels as the header says, seconds, and whether the header says that the sizes are unknown, as in a stream.
export function readWav(data) {
  const start = data.indexOf('data');
  return {
    rate: data.readUInt32LE(24),
    channels: data.readUInt16LE(22),
    seconds: (data.length - start - 8) / data.readUInt32LE(28),
    sizesAreUnknown: data.readUInt32LE(4) === 0xffffffff && data.readUInt32LE(start + 4) === 0xffffffff,
  };
}

// The clip says: "much there might be". The engine may err in one word of it.
export function looksRight(text) {
  return ['much', 'there', 'might', 'be'].filter((word) => text.includes(word)).length >= 3;
}

export async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
