import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const api = { target: process.env.SCHOUW_API ?? 'http://127.0.0.1:8000', changeOrigin: true };
const PACKED = /\.(js|css|html|svg|json)$/;
const LEAST_BYTES = 1000;

/** Put a .br and a .gz beside each file of text, so that the server packs nothing while someone waits (api/site.py). */
function packed(): Plugin {
  let folder = '';
  return {
    name: 'packed',
    apply: 'build',
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle: () => {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf-8' })) {
        if (!PACKED.test(name)) continue;
        const content = readFileSync(join(folder, name));
        if (content.length < LEAST_BYTES) continue;
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content));
        writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: './', // the app also works behind a proxy that gives it a folder
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    chunkSizeWarningLimit: 1600, // MapLibre, Swagger UI
    rolldownOptions: { input: ['index.html', 'docs.html'] },
  },
  plugins: [packed()],
  server: { proxy: { '/v1': api, '/ogc': api, '/openapi.json': api } },
  test: { include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'] },
});
