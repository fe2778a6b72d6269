/** An `audio.job` as the gateway answers it. */
export interface Job {
  id: string;
  object: 'audio.job';
  status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  progress: { completed: number; total: number };
  /** What was done and is charged; null for nothing. */
  usage?: { type: string; characters?: number; seconds?: number } | null;
  /** What it costs, in dollars; null until it is over. */
  cost_usd?: string | null;
  [field: string]: unknown;
}

export interface GatewayFetchOptions {
  /** What sends the requests; the global `fetch` by default. */
  fetch?: typeof globalThis.fetch;
  /** The largest file, in bytes, that is sent within the request itself; 4 MiB by default. */
  threshold?: number;
  /** Told of the bytes of the file that were sent and of all its bytes; begins again at 0 if the connection breaks. */
  onUpload?: (sent: number, total: number) => void;
  /** Told of the job about every two seconds, and once more when it is done or was cancelled. */
  onJob?: (job: Job) => void;
  /** How long a job is waited for; then it is cancelled, and what was done is charged. To its end by default. */
  waitSeconds?: number;
  /** How often each step is tried again; 3 by default. */
  retries?: number;
}

/**
 * A `fetch` for `new OpenAI({ fetch: gatewayFetch(), timeout })`: big files and long texts become jobs, all other
 * requests pass through. The SDK's `timeout` bounds the whole call: make it longer than the work.
 */
export function gatewayFetch(options?: GatewayFetchOptions): typeof globalThis.fetch;

export const DEFAULT_THRESHOLD: number;
