// Files of any size and texts of any length through OpenAI's Node SDK and an audio gateway:
//
//     const client = new OpenAI({ fetch: gatewayFetch(), timeout: 24 * 3600 * 1000 });
//     await client.audio.transcriptions.create({ model: 'whisper-1', file: createReadStream('3hours.mp3') });
//
// A file that is too big for a request is uploaded into the gateway's bucket, the work is started as a job, and the call
// returns what it always returns once the job is done.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketForm, ofFormData, ofStream } from './form.mjs';

export const DEFAULT_THRESHOLD = 4 * 1024 * 1024;

const LISTENING = /\/audio\/(transcriptions|translations)$/;
const SPEAKING = /\/audio\/speech$/;
const SPOKEN_AT_ONCE = 4096;
const LONGEST_WAIT_S = 25;
const WAIT_WITH_REPORTS_S = 2;
const LONGEST_RETRY_AFTER_S = 60;
const CANCEL_MS = 5000;
const OF_THE_BODY = ['content-length', 'content-type', 'transfer-encoding', 'host', 'idempotency-key'];
const FINAL = { 'x-should-retry': 'false' };

/** @param {import('./index.d.ts').GatewayFetchOptions} [options] */
export function gatewayFetch(options = {}) {
  const settings = { fetch: globalThis.fetch, threshold: DEFAULT_THRESHOLD, retries: 3, ...options };
  for (const [name, least] of [['threshold', 0], ['retries', 0], ['waitSeconds', Number.MIN_VALUE]]) {
    if (settings[name] !== undefined && !(settings[name] >= least)) throw new RangeError(`${name} is ${settings[name]}`);
  }
  // Calls that the SDK gave up: it would begin them anew, with the same body.
  const over = new WeakSet();

  async function gateway(input, init = {}) {
    const url = new URL(input instanceof Request ? input.url : input);
    const { body } = init;
    if (init.method !== 'POST') return settings.fetch(input, init);
    if (over.has(body)) {
      const message = 'The time-out of the SDK passed, and the job was cancelled; what was done by then is charged. It bounds the whole call: raise `timeout`.';
      return failure(408, 'timeout', message);
    }
    const headers = new Headers(init.headers);
    if (LISTENING.test(url.pathname) && carriesForm(body, headers)) {
      const form = body instanceof FormData ? ofFormData(body) : await ofStream(body, headers.get('content-type'), settings.threshold);
      try {
        if (!form.file || form.file.size <= settings.threshold) {
          const { duplex: _, ...rest } = init;
          return await settings.fetch(input, { ...rest, ...(await asSent(form.plain(), headers)) });
        }
        return await new Call(settings, url, init, headers, over).withFile(form);
      } finally {
        await form.dispose();
      }
    }
    const order = asJob(url, body);
    return order ? new Call(settings, url, init, headers, over).work({ body: order, headers: { 'content-type': 'application/json' } }) : settings.fetch(input, init);
  }
  gateway.Response = globalThis.Response; // how the SDK finds out that FormData is understood
  return gateway;
}

async function asSent(plain, headers) {
  const { body, headers: added = {} } = await plain;
  const merged = new Headers(headers);
  for (const [name, value] of Object.entries(added)) merged.set(name, value);
  return { body, headers: merged };
}

function carriesForm(body, headers) {
  const isStream = body !== null && typeof body === 'object' && Symbol.asyncIterator in body;
  return body instanceof FormData || (isStream && /^multipart\/form-data\s*;/i.test(headers.get('content-type') ?? ''));
}

// The same request as a job's, if it is a long text or names its audio and does not say `background` itself.
function asJob(url, body) {
  const isSpeech = SPEAKING.test(url.pathname);
  if (typeof body !== 'string' || !(isSpeech ? body.length > SPOKEN_AT_ONCE : LISTENING.test(url.pathname))) return null;
  let order;
  try {
    order = JSON.parse(body);
  } catch {
    return null;
  }
  if (order === null || typeof order !== 'object' || 'background' in order) return null;
  const isLong = isSpeech ? typeof order.input === 'string' && [...order.input].length > SPOKEN_AT_ONCE : 'upload_id' in order || 'file_url' in order;
  return isLong ? JSON.stringify({ ...order, background: true }) : null;
}

// One call that is done as a job.
class Call {
  constructor(settings, url, init, headers, over) {
    const { body, method, duplex, headers: _, signal, ...rest } = init;
    Object.assign(this, { settings, url, original: body, rest, signal, over });
    this.base = url.href.slice(0, url.href.indexOf('/audio/'));
    this.key = headers.get('idempotency-key') ?? `audio-gateway-client-${randomUUID()}`;
    this.headers = new Headers(headers);
    for (const name of OF_THE_BODY) this.headers.delete(name);
    this.job = null;
    this.callback = null; // what a callback threw
  }

  async withFile(form) {
    const background = form.fields.includes('background');
    const uploaded = await this.#orEnded(() => this.#upload(form.file));
    if (uploaded instanceof Response) return uploaded;
    const added = background ? { upload_id: uploaded } : { upload_id: uploaded, background: 'true' };
    return this.work(form.withoutFile(added), background);
  }

  async work({ body, headers = {} }, background = false) {
    return this.#orEnded(async () => {
      let answer;
      try {
        answer = await this.#persistently(this.url.href, { method: 'POST', body, headers: { ...headers, 'idempotency-key': this.key } });
      } catch (error) {
        return this.#lost(error, 'job_unreachable', 'The job could not be started, or its start was not confirmed');
      }
      if (answer.status !== 202 || background) return final(answer);
      this.job = `${this.base}/audio/jobs/${(await answer.json()).id}`;
      answer = await this.#wait();
      this.job = null;
      return final(answer);
    });
  }

  // Whoever does not wait any more does not want the work either.
  async #orEnded(work) {
    try {
      return await work();
    } catch (error) {
      if (this.signal?.aborted && this.original !== null && typeof this.original === 'object') this.over.add(this.original);
      await this.#cancel().catch(() => {});
      throw error;
    }
  }

  // What became of it, in words.
  async #cancel() {
    if (this.job === null) return '';
    const { job } = this;
    this.job = null;
    const init = { ...this.rest, method: 'POST', headers: this.headers, signal: AbortSignal.timeout(CANCEL_MS) };
    const answer = await this.settings.fetch(`${job}/cancel`, init);
    const cancelled = await answer.json();
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    try {
      this.settings.onJob?.(cancelled);
    } catch {
      // It matters no more.
    }
    if (!cancelled.usage) return 'it was cancelled, and costs nothing.';
    const { type: _, ...usage } = cancelled.usage;
    const done = Object.entries(usage).map(([unit, number]) => `${number} ${unit}`).join(', ');
    const cost = answer.headers.get('x-audio-gateway-cost-usd');
    const price = cost === null ? 'is charged' : `costs $${cost}`;
    return `it was cancelled, and what was done by then (${done}) ${price}. It is kept at ${job}/content?partial=true.`;
  }

  async #upload(file) {
    for (let attempt = 0; ; attempt += 1) {
      const isLast = attempt >= this.settings.retries;
      let answer;
      try {
        const announced = await this.#persistently(`${this.base}/audio/uploads`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ filename: file.name, bytes: file.size }),
        });
        if (announced.status !== 200) return final(announced);
        const upload = await announced.json();
        const { body, headers } = bucketForm(file, upload.fields, (sent, total) => this.#told(() => this.settings.onUpload?.(sent, total)));
        // Without `redirect` and `window` fetch keeps a copy of the whole body, to be able to follow a redirect.
        const once = { duplex: 'half', redirect: 'error', window: null };
        answer = await this.settings.fetch(upload.url, { ...this.rest, ...once, method: 'POST', body, headers, signal: this.signal });
        const text = await answer.text();
        if (answer.ok) return upload.id;
        if (isLast || !(worthAnother(answer) || answer.status === 403 || text.includes('RequestTimeout'))) return refused(answer.status, text);
      } catch (error) {
        if (this.callback || isLast) return this.#lost(error, 'upload_failed', 'The file could not be uploaded');
        if (this.signal?.aborted) throw error;
      }
      await this.#pause(attempt);
    }
  }

  async #wait() {
    const { onJob, waitSeconds } = this.settings;
    const giveUpAt = waitSeconds === undefined ? Infinity : performance.now() + waitSeconds * 1000;
    const content = new URL(`${this.job}/content`);
    try {
      for (;;) {
        if (onJob) await this.#report();
        const left = (giveUpAt - performance.now()) / 1000;
        content.search = `wait=${Math.max(0, Math.floor(Math.min(onJob ? WAIT_WITH_REPORTS_S : LONGEST_WAIT_S, left)))}`;
        const answer = await this.#persistently(content.href, { redirect: 'manual' });
        if (!(await isRunning(answer, content))) {
          if (onJob && answer.status < 400) await this.#report();
          return answer.status === 303 ? await this.#elsewhere(answer, content) : answer;
        }
        if (performance.now() >= giveUpAt) {
          const id = this.job.split('/').pop();
          const outcome = await this.#cancel().catch(() => 'it could not be cancelled and may still be running.');
          return failure(408, 'job_timed_out', `The job ${id} took longer than ${waitSeconds} s: ${outcome}`);
        }
      }
    } catch (error) {
      if (this.callback || this.signal?.aborted) throw error;
      this.job = null; // it goes on
      return this.#lost(error, 'job_unreachable', `The connection was lost; the job goes on, and its result will be at ${content.origin}${content.pathname}`);
    }
  }

  async #report() {
    const answer = await this.#persistently(this.job, {});
    const job = answer.ok ? await answer.json() : await answer.text();
    if (answer.ok) this.#told(() => this.settings.onJob(job));
  }

  // A result too big for an answer lies in the bucket, which must not see the key.
  #elsewhere(answer, content) {
    const url = new URL(answer.headers.get('location'), content);
    const headers = url.origin === content.origin ? this.headers : {};
    return this.#persistently(url.href, { headers, bare: true });
  }

  async #persistently(url, { headers = {}, bare = false, ...init }) {
    const merged = bare ? new Headers(headers) : new Headers(this.headers);
    if (!bare) for (const [name, value] of Object.entries(headers)) merged.set(name, value);
    for (let attempt = 0; ; attempt += 1) {
      const isLast = attempt >= this.settings.retries;
      let pauseS;
      try {
        const answer = await this.settings.fetch(url, { ...this.rest, ...init, headers: merged, signal: this.signal });
        if (isLast || !worthAnother(answer)) return answer;
        if (await isStillRunning(answer)) return answer;
        pauseS = retryAfterS(answer);
        await answer.body?.cancel();
      } catch (error) {
        if (isLast || this.signal?.aborted) throw error;
      }
      await this.#pause(attempt, pauseS);
    }
  }

  #pause(attempt, seconds) {
    const ms = (seconds ?? Math.min(0.5 * 2 ** attempt, 8) * (1 - 0.25 * Math.random())) * 1000;
    return sleep(ms, undefined, { signal: this.signal });
  }

  // What a callback throws is the caller's own.
  #told(tell) {
    try {
      tell();
    } catch (error) {
      this.callback = error;
      throw error;
    }
  }

  #lost(error, code, message) {
    if (this.callback || this.signal?.aborted) throw this.callback ?? error;
    return failure(503, code, `${message}: ${error.cause?.message ?? error.message}`);
  }
}

async function isRunning(answer, content) {
  if (answer.status === 303) {
    const there = new URL(answer.headers.get('location') ?? '', content);
    await answer.body?.cancel();
    return there.pathname === content.pathname; // anywhere else is the result
  }
  return isStillRunning(answer);
}

async function isStillRunning(answer) {
  if (answer.status < 500) return false;
  const said = await answer.clone().json().catch(() => null);
  return said?.error?.code === 'still_running';
}

function worthAnother(answer) {
  const said = answer.headers.get('x-should-retry');
  if (said !== null) return said === 'true';
  if ((retryAfterS(answer) ?? 0) > LONGEST_RETRY_AFTER_S) return false;
  return [408, 409, 429].includes(answer.status) || answer.status >= 500;
}

function retryAfterS(answer) {
  const seconds = Number.parseFloat(answer.headers.get('retry-after') ?? '');
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

// An answer that the SDK does not ask for again: that would upload the file once more, and start another job.
function final(answer) {
  if (answer.status < 400) return answer;
  const headers = new Headers(answer.headers);
  headers.delete('content-encoding'); // fetch has undone it
  headers.delete('content-length');
  headers.set('x-should-retry', 'false');
  return new Response(answer.body, { status: answer.status, headers });
}

function refused(status, xml) {
  const code = /<Code>([^<]*)</.exec(xml)?.[1] ?? String(status);
  const message = /<Message>([^<]*)</.exec(xml)?.[1] ?? xml.slice(0, 200);
  const shown = code === 'EntityTooLarge' ? 413 : status === 403 ? 502 : status;
  return failure(shown, 'upload_failed', `The bucket refused the file: ${code}: ${message}`, 'file');
}

function failure(status, code, message, param = null) {
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  return Response.json({ error: { message, type, param, code } }, { status, headers: FINAL });
}
