/** An `audio.job` object of the gateway. */
export interface Job {
  id: string;
  object: 'audio.job';
  status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  progress: { completed: number; total: number };
  /** The work done, which is charged; null if there is none. */
  usage?: { type: string; characters?: number; seconds?: number } | null;
  /** The cost in US dollars; null until the job has ended. */
  cost_usd?: string | null;
  [field: string]: unknown;
}

export interface GatewayFetchOptions {
  /** Sends the requests. Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** The largest file, in bytes, that is sent in the request itself. Default: 4 MiB. */
  threshold?: number;
  /** Called with the number of bytes sent and the size of the file. Restarts at 0 if the connection breaks. */
  onUpload?: (sent: number, total: number) => void;
  /** Called with the job about every two seconds, and once more when it is done or was cancelled. */
  onJob?: (job: Job) => void;
  /** The longest time to wait for a job. After it, the job is cancelled, and its work is charged. Default: no limit. */
  waitSeconds?: number;
  /** The number of retries of each step. Default: 3. */
  retries?: number;
}

/**
 * Creates a `fetch` for `new OpenAI({ fetch: gatewayFetch(), timeout })`. Big files and long texts become jobs; all other
 * requests pass through. The SDK's `timeout` limits the whole call: make it longer than the work takes.
 */
export function gatewayFetch(options?: GatewayFetchOptions): typeof globalThis.fetch;

export const DEFAULT_THRESHOLD: number;
