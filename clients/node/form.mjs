// Request bodies: extracts the file from the SDK's form, and creates the form for the bucket.
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MAX_NAME = 255;
const OCTETS = 'application/octet-stream';

/**
 * A file that can be read several times.
 * @typedef {{ name: string, size: number, read: () => AsyncIterable<Uint8Array> }} Source
 */

/**
 * Reads a form from FormData. Nothing is copied.
 * @param {FormData} form
 */
export function ofFormData(form) {
  const found = form.get('file');
  const file = found instanceof Blob ? { name: plainName(found.name ?? ''), size: found.size, read: () => found.stream() } : null;
  return {
    file,
    fields: [...form.keys()].filter((name) => name !== 'file'),
    plain: () => ({ body: form }),
    withoutFile(added) {
      const rest = new FormData();
      for (const [name, value] of form.entries()) if (name !== 'file') rest.append(name, value);
      for (const [name, value] of Object.entries(added)) rest.append(name, value);
      return { body: rest };
    },
    dispose: async () => {},
  };
}

/**
 * Reads a form from a stream of unknown length. The file is kept in memory up to `limit` bytes, and in a temporary file
 * above that: the bucket needs the length, and the upload may have to be repeated.
 * @param {AsyncIterable<Uint8Array>} stream
 * @param {string} contentType
 * @param {number} limit
 */
export async function ofStream(stream, contentType, limit) {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)[1].trim();
  const before = [];
  const fields = [];
  const store = new SpooledFile(limit);
  let file = null;
  let head = null;
  try {
    for await (const event of parts(stream, Buffer.from(`--${boundary}`))) {
      if (event.head !== undefined) {
        head = event.head;
        const [name, filename] = names(head);
        if (name === 'file' && filename !== null && file === null) {
          file = { name: plainName(filename), head };
          head = null;
        } else {
          fields.push(name);
          before.push(Buffer.from(`--${boundary}\r\n`), head, Buffer.from('\r\n\r\n'));
        }
      } else if (event.data !== undefined) {
        if (head === null) await store.add(event.data);
        else before.push(event.data);
      } else if (head !== null) before.push(Buffer.from('\r\n'));
    }
    await store.end();
  } catch (error) {
    await store.dispose();
    throw error;
  }
  const headers = { 'content-type': contentType };
  const last = Buffer.from(`--${boundary}--\r\n`);
  return {
    file: file && { name: file.name, size: store.size, read: () => store.read() },
    fields,
    async plain() {
      if (!file) return { body: Buffer.concat([...before, last]), headers };
      const content = [];
      for await (const piece of store.read()) content.push(piece);
      const opened = [Buffer.from(`--${boundary}\r\n`), file.head, Buffer.from('\r\n\r\n')];
      return { body: Buffer.concat([...before, ...opened, ...content, Buffer.from('\r\n'), last]), headers };
    },
    withoutFile(added) {
      const texts = Object.entries(added).map(([name, value]) => Buffer.from(textPart(boundary, name, value)));
      return { body: Buffer.concat([...before, ...texts, last]), headers };
    },
    dispose: () => store.dispose(),
  };
}

/**
 * Creates the body of a presigned POST, with its type and length.
 * @param {Source} source
 * @param {Record<string, string>} fields
 * @param {(sent: number, total: number) => void} onSent
 */
export function bucketForm(source, fields, onSent) {
  const boundary = randomBytes(16).toString('hex');
  const texts = Object.entries(fields).map(([name, value]) => textPart(boundary, name, value));
  // The file's real name is among the fields, as the gateway requires.
  const fileHead = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: ${OCTETS}\r\n\r\n`;
  const head = Buffer.from(texts.join('') + fileHead);
  const foot = Buffer.from(`\r\n--${boundary}--\r\n`);
  async function* body() {
    let sent = 0;
    onSent(0, source.size);
    yield head;
    for await (const piece of source.read()) {
      yield piece;
      sent += piece.byteLength;
      onSent(sent, source.size);
    }
    if (sent !== source.size) throw new Error(`the size of the file changed from ${source.size} to ${sent} bytes`);
    yield foot;
  }
  return {
    body: ReadableStream.from(body()),
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + source.size + foot.length),
    },
  };
}

/** Returns a file name as one line of at most 255 printable characters. Keeps the extension. */
export function plainName(raw) {
  const letters = [...raw.split(/[\\/]/).pop().replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '_').trim()];
  const ending = /\.[^.]{1,15}$/u.exec(letters.join(''))?.[0] ?? '';
  const name = letters.length > MAX_NAME ? letters.slice(0, MAX_NAME - [...ending].length).join('') + ending : letters.join('');
  return name || 'audio';
}

function textPart(boundary, name, value) {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
}

function names(head) {
  const text = head.toString('utf8');
  const name = /[; ]name="([^"]*)"/i.exec(text)?.[1] ?? '';
  const filename = /[; ]filename="([^"]*)"/i.exec(text)?.[1] ?? null;
  return [name, filename === null ? null : decoded(filename)];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Yields the heads, the chunks of data and the ends of the parts of a form, in order.
async function* parts(stream, delimiter) {
  const separator = Buffer.concat([Buffer.from('\r\n'), delimiter]);
  let rest = Buffer.from('\r\n');
  let state = 'between';
  for await (const piece of stream) {
    rest = Buffer.concat([rest, typeof piece === 'string' ? Buffer.from(piece) : piece]);
    for (let going = true; going; ) {
      going = false;
      if (state === 'head') {
        if (rest.length >= 2 && rest.subarray(0, 2).toString() === '--') return;
        const end = rest.indexOf('\r\n\r\n');
        if (end >= 0) {
          yield { head: Buffer.from(rest.subarray(2, end)) };
          rest = rest.subarray(end + 4);
          state = 'data';
          going = true;
        }
      } else {
        const end = rest.indexOf(separator);
        const ready = end >= 0 ? end : Math.max(0, rest.length - separator.length);
        if (state === 'data' && ready > 0) yield { data: rest.subarray(0, ready) };
        if (end >= 0) {
          if (state === 'data') yield {};
          rest = rest.subarray(end + separator.length);
          state = 'head';
          going = true;
        } else rest = Buffer.from(rest.subarray(ready)); // copying these few bytes frees the rest of the buffer
      }
    }
  }
  throw new Error('the form ends before its last boundary');
}

// Bytes in memory, or in a temporary file if there are more than the limit.
class SpooledFile {
  #limit;
  #pieces = [];
  #folder = null;
  #file = null;
  size = 0;

  constructor(limit) {
    this.#limit = limit;
  }

  async add(piece) {
    this.size += piece.length;
    if (this.#file === null && this.size > this.#limit) {
      this.#folder = await mkdtemp(path.join(tmpdir(), 'audio-gateway-'));
      this.#file = await open(path.join(this.#folder, 'file'), 'wx', 0o600);
      for (const kept of this.#pieces) await this.#file.write(kept);
      this.#pieces = [];
    }
    if (this.#file === null) this.#pieces.push(piece);
    else await this.#file.write(piece);
  }

  async end() {
    await this.#file?.close();
    this.#file = null;
  }

  async *read() {
    if (this.#folder === null) yield* this.#pieces;
    else yield* createReadStream(path.join(this.#folder, 'file'));
  }

  async dispose() {
    await this.end();
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }
}
