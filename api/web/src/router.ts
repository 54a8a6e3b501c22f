/**
 * Places in the app: `#/kaart?segment=12`. The part after # never reaches the server, so that the app works from any
 * folder and a link can be shared.
 */
import { signal } from '@preact/signals';

export interface Route {
  /** The page's name, "" at the start: "kaart". */
  page: string;
  /** What follows it, decoded: ["3f2a"] of #/opnames/3f2a. */
  parts: string[];
  query: URLSearchParams;
}

export type Query = Record<string, string | number | null | undefined>;

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  const [page = '', ...parts] = path.split('/').filter(Boolean).map(decode);
  return { page, parts, query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place, for an `<a href>`: href('kaart', {segment: '12'}) -> "#/kaart?segment=12". */
export function href(path: string, query: Query = {}): string {
  const kept = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') kept.set(key, String(value));
  }
  const text = kept.toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}

const here = (): Route => parse(globalThis.location?.hash ?? '');
/** Where the person is. */
export const route = signal<Route>(here());
let followed = globalThis.location?.hash;
globalThis.addEventListener?.('hashchange', settle);

/** Follow the address now: of a link that was just clicked it is told only later, and till then it would be lost. */
export function settle(): void {
  if (location.hash === followed) return;
  followed = location.hash;
  route.value = here();
}

/** Go to a place; `replace` leaves no step in the browser's history. */
export function go(path: string, query: Query = {}, replace = false): void {
  const target = href(path, query);
  if (target === location.hash) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', target);
  settle();
}

/** Change parts of the query and stay here, without a step in the history (null or '' removes one). */
export function setQuery(change: Query): void {
  settle();
  const { page, parts, query } = route.peek();
  go([page, ...parts.map(encodeURIComponent)].join('/'), { ...Object.fromEntries(query), ...change }, true);
}
