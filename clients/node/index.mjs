// Files of any size and texts of any length with OpenAI's Node SDK and an audio gateway:
//
//     const client = new OpenAI({ fetch: gatewayFetch(), timeout: 24 * 3600 * 1000 });
//     await client.audio.transcriptions.create({ model: 'whisper-1', file: createReadStream('3hours.mp3') });
//
// A file that is too big for a request is uploaded into the gateway's bucket and processed as a job. The call returns the
// usual result when the job is done.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketForm, ofFormData, ofStream } from './form.mjs';

export const DEFAULT_THRESHOLD = 4 * 1024 * 1024;

const TRANSCRIPTION_PATH = /\/audio\/(transcriptions|translations)$/;
const SPEECH_PATH = /\/audio\/speech$/;
const LONGEST_SYNCHRONOUS_TEXT = 4096;
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
  // Bodies of calls that the SDK gave up. It would retry them with the same body.
  const over = new WeakSet();

  async function gateway(input, init = {}) {
    const url = new URL(input instanceof Request ? input.url : input);
    const { body } = init;
    if (init.method !== 'POST') return settings.fetch(input, init);
    if (over.has(body)) {
      const message = 'The SDK timed out, and the job was cancelled; the work done by then is charged. The timeout limits the whole call: increase `timeout`.';
      return failure(408, 'timeout', message);
    }
    const headers = new Headers(init.headers);
    if (TRANSCRIPTION_PATH.test(url.pathname) && carriesForm(body, headers)) {
      const form = body instanceof FormData ? ofFormData(body) : await ofStream(body, headers.get('content-type'), settings.threshold);
      try {
        if (!form.file || form.file.size <= settings.threshold) {
          const { duplex: _, ...rest } = init;
          return await settings.fetch(input, { ...rest, ...(await asSent(form.plain(), headers)) });
        }
        return await new JobCall(settings, url, init, headers, over).withFile(form);
      } finally {
        await form.dispose();
      }
    }
    const order = asJob(url, body);
    return order ? new JobCall(settings, url, init, headers, over).work({ body: order, headers: { 'content-type': 'application/json' } }) : settings.fetch(input, init);
  }
  gateway.Response = globalThis.Response; // the SDK checks this to detect support for FormData
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

// Returns the body with `background` added if it needs a job: for a long text, an `upload_id` or a `file_url`.
function asJob(url, body) {
  const isSpeech = SPEECH_PATH.test(url.pathname);
  if (typeof body !== 'string' || !(isSpeech ? body.length > LONGEST_SYNCHRONOUS_TEXT : TRANSCRIPTION_PATH.test(url.pathname))) return null;
  let order;
  try {
    order = JSON.parse(body);
  } catch {
    return null;
  }
  if (order === null || typeof order !== 'object' || 'background' in order) return null;
  const isLong = isSpeech ? typeof order.input === 'string' && [...order.input].length > LONGEST_SYNCHRONOUS_TEXT : 'upload_id' in order || 'file_url' in order;
  return isLong ? JSON.stringify({ ...order, background: true }) : null;
}

// A call that runs as a job.
class JobCall {
  constructor(settings, url, init, headers, over) {
    const { body, method, duplex, headers: _, signal, ...rest } = init;
    Object.assign(this, { settings, url, original: body, rest, signal, over });
    this.base = url.href.slice(0, url.href.indexOf('/audio/'));
    this.key = headers.get('idempotency-key') ?? `audio-gateway-client-${randomUUID()}`;
    this.headers = new Headers(headers);
    for (const name of OF_THE_BODY) this.headers.delete(name);
    this.job = null;
    this.callback = null; // the error that a callback threw
  }

  async withFile(form) {
    const background = form.fields.includes('background');
    const uploaded = await this.#orCancel(() => this.#upload(form.file));
    if (uploaded instanceof Response) return uploaded;
    const added = background ? { upload_id: uploaded } : { upload_id: uploaded, background: 'true' };
    return this.work(form.withoutFile(added), background);
  }

  async work({ body, headers = {} }, background = false) {
    return this.#orCancel(async () => {
      let answer;
      try {
        answer = await this.#withRetries(this.url.href, { method: 'POST', body, headers: { ...headers, 'idempotency-key': this.key } });
      } catch (error) {
        return this.#lost(error, 'job_unreachable', 'The job could not be started, or its start was not confirmed');
      }
      if (answer.status !== 202 || background) return withoutRetry(answer);
      this.job = `${this.base}/audio/jobs/${(await answer.json()).id}`;
      answer = await this.#wait();
      this.job = null;
      return withoutRetry(answer);
    });
  }

  // Cancels the job if the work is aborted or fails.
  async #orCancel(work) {
    try {
      return await work();
    } catch (error) {
      if (this.signal?.aborted && this.original !== null && typeof this.original === 'object') this.over.add(this.original);
      await this.#cancel().catch(() => {});
      throw error;
    }
  }

  // Cancels the job, and returns the outcome as text.
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
      // Errors of the callback no longer matter.
    }
    if (!cancelled.usage) return 'it was cancelled, and costs nothing.';
    const { type: _, ...usage } = cancelled.usage;
    const done = Object.entries(usage).map(([unit, number]) => `${number} ${unit}`).join(', ');
    const cost = answer.headers.get('x-audio-gateway-cost-usd');
    const price = cost === null ? 'is charged' : `costs $${cost}`;
    return `it was cancelled, and the work done by then (${done}) ${price}. The partial result is at ${job}/content?partial=true.`;
  }

  async #upload(file) {
    for (let attempt = 0; ; attempt += 1) {
      const isLast = attempt >= this.settings.retries;
      let answer;
      try {
        const announced = await this.#withRetries(`${this.base}/audio/uploads`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ filename: file.name, bytes: file.size }),
        });
        if (announced.status !== 200) return withoutRetry(announced);
        const upload = await announced.json();
        const { body, headers } = bucketForm(file, upload.fields, (sent, total) => this.#callBack(() => this.settings.onUpload?.(sent, total)));
        // Without `redirect` and `window`, fetch keeps a copy of the whole body in order to follow redirects.
        const once = { duplex: 'half', redirect: 'error', window: null };
        answer = await this.settings.fetch(upload.url, { ...this.rest, ...once, method: 'POST', body, headers, signal: this.signal });
        const text = await answer.text();
        if (answer.ok) return upload.id;
        if (isLast || !(shouldRetry(answer) || answer.status === 403 || text.includes('RequestTimeout'))) return refused(answer.status, text);
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
        const answer = await this.#withRetries(content.href, { redirect: 'manual' });
        if (!(await isRunning(answer, content))) {
          if (onJob && answer.status < 400) await this.#report();
          return answer.status === 303 ? await this.#fromBucket(answer, content) : answer;
        }
        if (performance.now() >= giveUpAt) {
          const id = this.job.split('/').pop();
          const outcome = await this.#cancel().catch(() => 'it could not be cancelled and may still be running.');
          return failure(408, 'job_timed_out', `The job ${id} took longer than ${waitSeconds} s: ${outcome}`);
        }
      }
    } catch (error) {
      if (this.callback || this.signal?.aborted) throw error;
      this.job = null; // the job continues
      return this.#lost(error, 'job_unreachable', `The connection was lost; the job continues, and its result will be at ${content.origin}${content.pathname}`);
    }
  }

  async #report() {
    const answer = await this.#withRetries(this.job, {});
    const job = answer.ok ? await answer.json() : await answer.text();
    if (answer.ok) this.#callBack(() => this.settings.onJob(job));
  }

  // Fetches a result that is too big for a response from the bucket, without sending the key there.
  #fromBucket(answer, content) {
    const url = new URL(answer.headers.get('location'), content);
    const headers = url.origin === content.origin ? this.headers : {};
    return this.#withRetries(url.href, { headers, bare: true });
  }

  async #withRetries(url, { headers = {}, bare = false, ...init }) {
    const merged = bare ? new Headers(headers) : new Headers(this.headers);
    if (!bare) for (const [name, value] of Object.entries(headers)) merged.set(name, value);
    for (let attempt = 0; ; attempt += 1) {
      const isLast = attempt >= this.settings.retries;
      let pauseS;
      try {
        const answer = await this.settings.fetch(url, { ...this.rest, ...init, headers: merged, signal: this.signal });
        if (isLast || !shouldRetry(answer)) return answer;
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

  // Remembers an error of a callback, which must reach the caller unchanged.
  #callBack(callback) {
    try {
      callback();
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
    return there.pathname === content.pathname; // any other redirect leads to the result
  }
  return isStillRunning(answer);
}

async function isStillRunning(answer) {
  if (answer.status < 500) return false;
  const said = await answer.clone().json().catch(() => null);
  return said?.error?.code === 'still_running';
}

function shouldRetry(answer) {
  const said = answer.headers.get('x-should-retry');
  if (said !== null) return said === 'true';
  if ((retryAfterS(answer) ?? 0) > LONGEST_RETRY_AFTER_S) return false;
  return [408, 409, 429].includes(answer.status) || answer.status >= 500;
}

function retryAfterS(answer) {
  const seconds = Number.parseFloat(answer.headers.get('retry-after') ?? '');
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

// Marks a response so that the SDK does not retry, which would upload the file again and start another job.
function withoutRetry(answer) {
  if (answer.status < 400) return answer;
  const headers = new Headers(answer.headers);
  headers.delete('content-encoding'); // fetch has decoded the body
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
