/** While bytes go, the screen stays on (a phone that sleeps stops sending) and leaving asks first. */

let lock: WakeLockSentinel | undefined;
let wanted = false;

async function take(): Promise<void> {
  if (!wanted || lock || document.hidden || !navigator.wakeLock) return;
  try {
    const taken = await navigator.wakeLock.request('screen');
    taken.addEventListener('release', () => {
      if (lock === taken) lock = undefined;
    });
    if (wanted && !lock) lock = taken;
    else await taken.release();
  } catch {
    // the battery is low: the browser refuses, and sending goes on as long as the screen does
  }
}

const ask = (event: BeforeUnloadEvent): void => event.preventDefault();

globalThis.document?.addEventListener('visibilitychange', () => void take()); // a hidden page loses its lock

export function stayAwake(sending: boolean): void {
  if (sending === wanted) return;
  wanted = sending;
  if (sending) {
    addEventListener('beforeunload', ask);
    void take();
  } else {
    removeEventListener('beforeunload', ask);
    void lock?.release();
    lock = undefined;
  }
}
