/** Something asked from the server: loading, there, or failed with a way to try again. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api';

export interface Resource<T> {
  /** What was last received; stays while it is asked again. */
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  reload: () => void;
}

/** Ask when the component appears and whenever `key` changes; an answer that comes too late is dropped. */
export function useResource<T>(ask: (signal: AbortSignal) => Promise<T>, key: string): Resource<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: ApiError; loading: boolean }>({
    key,
    loading: true,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const stop = new AbortController();
    setState((before) => ({ key, data: before.key === key ? before.data : undefined, loading: true }));
    latest
      .current(stop.signal)
      .then((data) => !stop.signal.aborted && setState({ key, data, loading: false }))
      .catch((error: unknown) => {
        if (stop.signal.aborted) return;
        const told = error instanceof ApiError ? error : new ApiError(0, String(error));
        setState((before) => ({
          key,
          data: before.key === key ? before.data : undefined,
          error: told,
          loading: false,
        }));
      });
    return () => stop.abort();
  }, [key, round]);
  const current = state.key === key;
  return {
    data: current ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: current ? state.loading : true,
    reload: () => setRound((before) => before + 1),
  };
}
