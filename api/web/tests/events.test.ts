import { afterEach, beforeEach, expect, it, vi } from 'vitest';

class Source extends EventTarget {
  static readonly CLOSED = 2;
  static readonly all: Source[] = [];
  readyState = 0;
  onopen?: () => void;
  onerror?: () => void;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    Source.all.push(this);
  }
  close(): void {
    this.readyState = Source.CLOSED;
  }
  tell(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }
}

const newPage = () =>
  Object.assign(new EventTarget(), { hidden: false, baseURI: 'http://server/folder/', documentElement: {} });
let page = newPage();
const last = (): Source => {
  const source = Source.all.at(-1);
  if (!source) throw new Error('no stream was opened');
  return source;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  Source.all.length = 0;
  page = newPage(); // modules of earlier tests listen to theirs
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('document', page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function listen() {
  const { on, live } = await import('../src/events');
  const heard: string[] = [];
  const stop = on('survey', ({ id }) => heard.push(id));
  on('resync', () => heard.push('resync'));
  return { heard, stop, live };
}

it('one stream brings events to those who listen', async () => {
  const { heard, stop } = await listen();
  expect(Source.all.map((source) => source.url)).toEqual(['http://server/folder/v1/events']);
  last().tell('survey', { id: 'a' });
  last().tell('job', { id: 1 });
  stop();
  last().tell('survey', { id: 'b' });
  expect(heard).toEqual(['a']);
});

it('after a time away everything is asked again', async () => {
  const { heard, live } = await listen();
  last().onopen?.();
  expect([heard, live.value]).toEqual([[], true]);
  last().onerror?.();
  expect(live.value).toBe(false);
  last().onopen?.();
  expect(heard).toEqual(['resync']);
});

it('a stream that the browser gave up is opened again, later each time', async () => {
  await listen();
  const fail = (): void => {
    last().readyState = Source.CLOSED;
    last().onerror?.();
  };
  fail();
  vi.advanceTimersByTime(1000);
  expect(Source.all).toHaveLength(2);
  fail();
  vi.advanceTimersByTime(1000);
  expect(Source.all).toHaveLength(2);
  vi.advanceTimersByTime(1000);
  expect(Source.all).toHaveLength(3);
});

it('a tab that nobody sees gives its connection back', async () => {
  const { heard } = await listen();
  page.hidden = true;
  page.dispatchEvent(new Event('visibilitychange'));
  expect(last().readyState).toBe(Source.CLOSED);
  page.hidden = false;
  page.dispatchEvent(new Event('visibilitychange'));
  last().onopen?.();
  expect([Source.all.length, heard]).toEqual([2, ['resync']]);
});
