/** The server's JSON. Every failure is an ApiError whose message is a sentence to show. */
import { lang, messages } from './i18n';
import { remembered } from './signals';

/** Who works here, on a server where nobody has to log in. */
export const personName = remembered<string>('person', '');

const t = messages({
  nl: {
    offline: 'De server is niet bereikbaar. Kijk of er internet is en probeer het opnieuw.',
    broken: 'De server gaf een antwoord dat niet te lezen is ({status}). Probeer het later opnieuw.',
  },
  en: {
    offline: "The server can't be reached. See whether there is internet and try again.",
    broken: "The server gave an answer that can't be read ({status}). Try again later.",
  },
});

export { t as apiMessages };

/** A failed request; `status` is 0 when the server was not reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Record<string, unknown>;

  constructor(status: number, message: string, problem: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

/**
 * A full address for a path of the API ("v1/about") or one that the server gave ("/v1/uploads/3f"); both below the
 * app's own folder, which only a proxy knows.
 */
export const address = (path: string): string => new URL(path.replace(/^\//, ''), document.baseURI).href;

/** The headers that say who asks; also for requests that are not made here (tus). */
export function headers(): Record<string, string> {
  const said = personName.peek().trim();
  return { 'Accept-Language': lang.peek(), ...(said && { 'X-Schouw-Person': encodeURIComponent(said) }) };
}

interface Known {
  etag: string;
  body: unknown;
}
const known = new Map<string, Known>();
const MOST_KNOWN = 200;

/** Ask for JSON. An unchanged answer (304) is the same object as before, so that nothing is drawn again. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const url = address(path);
  const before = known.get(url);
  const answer = await send(url, {
    signal,
    headers: { ...headers(), ...(before && { 'If-None-Match': before.etag }) },
  });
  if (answer.status === 304 && before) return before.body as T;
  const body = await read<T>(answer);
  const etag = answer.headers.get('etag');
  known.delete(url);
  if (etag) {
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value ?? '');
    known.set(url, { etag, body });
  }
  return body;
}

const withBody =
  (method: string) =>
  async <T = void>(path: string, body?: unknown): Promise<T> => {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const kind: Record<string, string> = json === undefined ? {} : { 'Content-Type': 'application/json' };
    return read<T>(await send(address(path), { method, body: json, headers: { ...headers(), ...kind } }));
  };

export const post = withBody('POST');
export const patch = withBody('PATCH');
export const remove = withBody('DELETE');

async function send(url: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, t('offline'));
  }
  if (answer.ok || answer.status === 304) return answer;
  throw await problem(answer);
}

async function problem(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const said = typeof body.detail === 'string' ? sentence(body.detail) : t('broken', { status: answer.status });
  return new ApiError(answer.status, said, body);
}

/** "no segment 12; see ..." -> "No segment 12; see ...." */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? '' : '.');
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.status === 204) return undefined as T;
  try {
    return (await answer.json()) as T;
  } catch {
    throw new ApiError(answer.status, t('broken', { status: answer.status }));
  }
}

/** The sentence of whatever was thrown. */
export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));
