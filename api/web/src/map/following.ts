/** A resource that is asked again when the map changes, with the old answer shown until the new one is there. */
import { useEffect, useRef } from 'preact/hooks';
import { type Resource, useResource } from '../resource';

export function useFollowing<T>(ask: (signal: AbortSignal) => Promise<T>, key: string, version: string): Resource<T> {
  const resource = useResource(ask, key);
  const seen = useRef(version);
  useEffect(() => {
    if (seen.current !== version) resource.reload();
    seen.current = version;
  }, [version]);
  return resource;
}
