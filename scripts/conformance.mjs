// Holds a running service to the dialects' rules: `npm run conformance -- http://localhost:8787`. Open mode only.
import { spawn } from 'node:child_process'

const [url, ...more] = process.argv.slice(2)
if (url === undefined || !URL.canParse(url)) {
  console.error('usage: npm run conformance -- <address of the service> [options of vitest]')
  console.error('Start the service without limits on its users:')
  console.error(
    '  npm start -- --var RATE_LIMIT_PER_MINUTE:0 --var AGENT_RATE_LIMIT_PER_MINUTE:0 --var AGENT_MONTHLY_QUOTA:0',
  )
  process.exit(2)
}
const args = ['run', '--project', 'e2e', 'test/e2e/conformance.test.ts', ...more]
const child = spawn('vitest', args, { stdio: 'inherit', env: { ...process.env, FRESHET_URL: url } })
child.on('error', (error) => {
  console.error(`${error.message}: run it as \`npx node scripts/conformance.mjs\`, or by npm`)
  process.exit(1)
})
child.on('exit', (code) => process.exit(code ?? 1))
