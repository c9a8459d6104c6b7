// `npm start`: wrangler dev on localhost:8787, without network, account or noise. Further arguments go to wrangler.
import { spawn } from 'node:child_process'

const quiet = {
  // There is no network to fetch a sample `Request.cf` from, and none is needed.
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  // Tracing every SQL statement costs a third of the speed.
  X_LOCAL_OBSERVABILITY: 'false',
  CI: process.env.CI ?? 'true',
}
const child = spawn('wrangler', ['dev', '--env=', '--show-interactive-dev-session=false', ...process.argv.slice(2)], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, ...quiet },
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 0))
