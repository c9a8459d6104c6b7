import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

/** Settings of the embedded provider as `PROVIDERS`. Only the first fits ordinary prompts; `model_preference` picks another. */
function embedded(providers: Record<string, string>, more: object = {}): string {
  return JSON.stringify(
    Object.entries(providers).map(([name, query], i) => ({
      name,
      kind: 'embedded',
      base_url: `embedded:?${query}`,
      ...(i > 0 && { tasks: ['creative'] }),
      ...more,
    })),
  )
}

/** The Worker in workerd, with the providers and the variables that a folder of tests needs. */
function inWorkerd(
  name: string,
  providers: Record<string, string>,
  { more = {}, vars = {} }: { more?: object; vars?: Record<string, string> } = {},
) {
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: './wrangler.toml' },
        remoteBindings: false,
        miniflare: {
          bindings: {
            PROVIDERS: embedded(providers, more),
            SSE_HEARTBEAT_S: '1',
            RATE_LIMIT_PER_MINUTE: '0',
            AGENT_RATE_LIMIT_PER_MINUTE: '0',
            AGENT_MONTHLY_QUOTA: '0',
            MAX_CONNECTIONS_PER_USER: '400',
            FIRST_TOKEN_TIMEOUT_S: '0.3',
            STALL_TIMEOUT_S: '0.4',
            ...vars,
          },
        },
      }),
    ],
    // Many tests step through answers of seconds, on machines that may be busy.
    test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 30_000 },
  }
}

export default defineConfig({
  test: {
    // Many tests wait for a paced answer; left to itself vitest takes one worker on two cores.
    maxWorkers: 3,
    projects: [
      {
        // Pure code, in Node.
        test: {
          name: 'unit',
          include: ['test/*.test.ts', 'test/{core,dialects,providers,agents,client,monitor,edge,hub}/**/*.test.ts'],
          setupFiles: ['test/support/fixed-seed.ts'],
        },
      },
      // At once, and at a pace that a test can step into.
      inWorkerd('workers', {
        embedded: 'tokens_per_second=0',
        paced: 'tokens_per_second=100&first_token_ms=0&tokens=80',
        endless: 'tokens_per_second=50&first_token_ms=0&tokens=5000',
        stalls: 'tokens_per_second=0&stall_after=3',
      }),
      // One provider that fails and nobody to take over.
      inWorkerd('workers-fails', { fails: 'tokens_per_second=0&fail_after=3' }),
      inWorkerd('workers-cuts', { cuts: 'tokens_per_second=0&cut_after=3' }),
      // Several, priced, tried in the order of the list, which a test narrows by preference.
      inWorkerd(
        'workers-router',
        {
          good: 'tokens_per_second=0',
          dead: 'fail_before=1',
          limited: 'rate_limited=60',
          breaks: 'tokens_per_second=0&fail_after=5',
          slow: 'first_token_ms=60000',
          stalls: 'tokens_per_second=0&stall_after=5',
          paced: 'tokens_per_second=100&first_token_ms=0&tokens=200',
        },
        { more: { tasks: [], price: { input: 1, output: 2 } } },
      ),
      // With tokens: the secret is of these tests alone.
      inWorkerd(
        'workers-jwt',
        {
          embedded: 'tokens_per_second=0',
          paced: 'tokens_per_second=100&first_token_ms=0&tokens=80',
          endless: 'tokens_per_second=50&first_token_ms=0&tokens=5000',
        },
        {
          vars: {
            AUTH_MODE: 'jwt',
            JWT_SECRET: 'hunter2-is-no-secret-but-32-bytes',
            ALLOWED_ORIGINS: 'https://app.example',
            SSE_HEARTBEAT_S: '30',
          },
        },
      ),
      // Limits that a test reaches, each of them alone.
      inWorkerd(
        'workers-limits',
        {
          embedded: 'tokens_per_second=0&tokens=3',
          endless: 'tokens_per_second=50&first_token_ms=0&tokens=5000',
        },
        {
          vars: {
            RATE_LIMIT_PER_MINUTE: '40',
            AGENT_RATE_LIMIT_PER_MINUTE: '6',
            AGENT_MONTHLY_QUOTA: '8',
            MAX_ACTIVE_REQUESTS_PER_USER: '8',
            MAX_CONNECTIONS_PER_USER: '20',
          },
        },
      ),
      // Windows and a month's quota, with room for many at once.
      inWorkerd(
        'workers-windows',
        {
          embedded: 'tokens_per_second=0&tokens=3',
          endless: 'tokens_per_second=50&first_token_ms=0&tokens=5000',
          slow: 'first_token_ms=60000',
        },
        {
          vars: {
            RATE_LIMIT_PER_MINUTE: '24',
            AGENT_RATE_LIMIT_PER_MINUTE: '20',
            AGENT_MONTHLY_QUOTA: '12',
            MAX_ACTIVE_REQUESTS_PER_USER: '60',
            MAX_CONNECTIONS_PER_USER: '150',
            FIRST_TOKEN_TIMEOUT_S: '20',
          },
        },
      ),
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
