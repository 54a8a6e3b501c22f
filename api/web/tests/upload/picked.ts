/** Files as if they were picked. */
import type { Picked } from '../../src/upload/grouping';

export function pick(path: string, content: string | number = 10, lastModified = 1_700_000_000_000): Picked {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    file: new File([typeof content === 'number' ? 'x'.repeat(content) : content], name, { lastModified }),
    path,
  };
}

export const paths = (files: readonly Picked[]): string[] => files.map((one) => one.path);
