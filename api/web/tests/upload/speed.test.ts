import { describe, expect, it } from 'vitest';
import { Speed, timeLeft_s } from '../../src/upload/speed';

function noted(...samples: [at_s: number, bytes: number][]): Speed {
  const speed = new Speed();
  for (const [at_s, bytes] of samples) speed.note(bytes, at_s);
  return speed;
}

describe('speed', () => {
  it('is not known at once', () => {
    expect(noted([0, 0], [0.3, 500]).rate(0.3)).toBeNull();
  });

  it('is that of the last seconds', () => {
    const slowThenFast = noted(
      [0, 0],
      ...Array.from({ length: 60 }, (_, s): [number, number] => [s, s < 30 ? s : s * 1000]),
    );
    expect(slowThenFast.rate(59)).toBeCloseTo(1000, 0);
  });

  it('falls while nothing comes', () => {
    const speed = noted([0, 0], [1, 1000]);
    expect([speed.rate(1), speed.rate(4)]).toEqual([1000, 250]);
  });

  it('begins anew when the server has less than was sent', () => {
    expect(noted([0, 0], [1, 1000], [2, 400], [3, 500]).rate(3)).toBe(100);
  });
});

describe('time left', () => {
  it.each([
    [1000, 100, 10],
    [0, 100, 0],
    [1000, 0, null],
    [1000, null, null],
  ])('of %s bytes at %s a second is %s s', (left, rate, expected) => {
    expect(timeLeft_s(left, rate)).toBe(expected);
  });
});
