import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

/** At once, at a pace that a test can step into, and the ways to fail; a connection picks one by model_preference. */
const embedded = Object.entries({
  embedded: 'tokens_per_second=0',
  paced: 'tokens_per_second=100&first_token_ms=0&tokens=80',
  endless: 'tokens_per_second=50&first_token_ms=0&tokens=5000',
  stalls: 'tokens_per_second=0&stall_after=3',
  fails: 'tokens_per_second=0&fail_after=3',
  cuts: 'tokens_per_second=0&cut_after=3',
}).map(([name, query]) => ({ name, kind: 'embedded', base_url: `embedded:?${query}` }))

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
            miniflare: {
              bindings: { PROVIDERS: JSON.stringify(embedded), SSE_HEARTBEAT_S: '1', MAX_CONNECTIONS_PER_USER: '400' },
            },
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
