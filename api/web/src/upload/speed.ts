/** How fast bytes go, over the last seconds: a phone's connection changes from street to street. */

const WINDOW_S = 12;

export class Speed {
  private readonly samples: { at_s: number; bytes: number }[] = [];

  /** Note how many bytes are over at a moment. Fewer than before (the server kept less) starts anew. */
  note(bytes: number, at_s = performance.now() / 1000): void {
    const last = this.samples.at(-1);
    if (last && bytes < last.bytes) this.samples.length = 0;
    this.samples.push({ at_s, bytes });
    while (this.samples.length > 2 && at_s - (this.samples[1]?.at_s ?? at_s) > WINDOW_S) this.samples.shift();
  }

  /** Bytes per second; null as long as nobody can tell. */
  rate(now_s = performance.now() / 1000): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at_s - first.at_s < 0.5) return null;
    return (last.bytes - first.bytes) / (Math.max(now_s, last.at_s) - first.at_s);
  }
}

/** Seconds that the rest takes; null where that can't be said. */
export const timeLeft_s = (left: number, rate: number | null): number | null =>
  rate !== null && rate > 0 ? left / rate : null;
