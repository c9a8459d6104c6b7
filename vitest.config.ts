import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

const embedded = [{ name: 'embedded', kind: 'embedded', base_url: 'embedded:?tokens_per_second=0' }]

export default defineConfig({
  test: {
    projects: [
      {
        // Pure code, in Node.
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/{core,dialects,providers,client,monitor,edge}/**/*.test.ts'],
        },
      },
      {
        // The Worker and its objects, in workerd.
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            remoteBindings: false,
            miniflare: { bindings: { PROVIDERS: JSON.stringify(embedded), SSE_HEARTBEAT_S: '1' } },
          }),
        ],
        test: { name: 'workers', include: ['test/workers/**/*.test.ts'] },
      },
      {
        // `npm start` as its own process: killed, restarted, and read by other people's clients.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        // The pages in Chromium.
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
