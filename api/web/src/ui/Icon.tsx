const PATHS = {
  map: 'M9 4 3 6v14l6-2 6 2 6-2V4l-6 2-6-2zm0 0v14m6-12v14',
  list: 'M4 6h16M4 12h16M4 18h10',
  upload: 'M12 16V4m0 0L7 9m5-5 5 5M4 16v4h16v-4',
  download: 'M12 4v12m0 0-5-5m5 5 5-5M4 16v4h16v-4',
  check: 'M4 12.5 9.5 18 20 6.5',
  help: 'M9 9a3 3 0 1 1 4.2 2.75C12.4 12.2 12 12.7 12 13.7m0 3.3v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  close: 'M6 6l12 12M18 6 6 18',
  gear: 'M4 7h9m6 0h1M4 17h1m6 0h9M16 4.5v5M8 14.5v5',
  pause: 'M8 5v14M16 5v14',
  play: 'M8 5v14l11-7z',
  warn: 'M12 4 2.5 20h19zm0 6v4.5m0 2.5v.1',
  stop: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zm4 4.5v5.5m0 3v.1',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 8v5.5m0-8.6v.1',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 20.5 20.5',
  back: 'M14 5l-7 7 7 7',
  forward: 'M10 5l7 7-7 7',
  up: 'M6 15l6-7 6 7',
  down: 'M6 9l6 7 6-7',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  whole: 'M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5',
  filter: 'M4 5h16l-6 8v6l-4 2v-8z',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.6 1.6M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.6-1.6',
  order: 'M5 4h8M5 9h6M5 14h4M17 4v15m0 0-3.5-3.5M17 19l3.5-3.5',
  compare: 'M4 8h13m0 0-4-4m4 4-4 4M20 16H7m0 0 4-4m-4 4 4 4',
  copy: 'M8 8h12v12H8zM4 16V4h12',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  video: 'M3 6h12v12H3zm12 4.5 6-3.5v10l-6-3.5',
  picture: 'M4 5h16v14H4zm0 11 5-5 4 4 3-3 4 4M15.5 9v.1',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  external: 'M13 4h7v7m0-7L11 13M18 14v6H4V6h6',
  pin: 'M12 21c4-5 6-8.3 6-11a6 6 0 0 0-12 0c0 2.7 2 6 6 11zm0-13a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 4.5V12l3.5 2',
} as const;
export type IconName = keyof typeof PATHS;

/** A line drawing beside a text that says the same; hidden from screen readers. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
