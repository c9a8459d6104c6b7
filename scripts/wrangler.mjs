// Wrangler without network, account, telemetry or noise: `node scripts/wrangler.mjs dev …`.
import { spawn } from 'node:child_process'

const quiet = {
  // There is no network to fetch a sample `Request.cf` from, and none is needed.
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  // Tracing every SQL statement costs a third of the speed.
  X_LOCAL_OBSERVABILITY: 'false',
}
const child = spawn('wrangler', process.argv.slice(2), {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, ...quiet },
})
// npm may be ended without a word to those whom it started: whose parent has gone goes too.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM')
}, 500).unref()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 0))
