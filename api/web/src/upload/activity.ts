/** What the header shows of sending while another page is open. Apart from sending.ts, which is loaded late. */
import { signal } from '@preact/signals';

/** Bytes that are over of those that go now; null when nothing goes. */
export const activity = signal<{ sent: number; size: number } | null>(null);
