import { it } from 'vitest'
import { hubFacts } from '../support/client-http.ts'
import { SseClient } from '../support/client-sse.ts'
import { WsClient } from '../support/client-ws.ts'
import { startServer } from '../support/server.ts'

it('probe', async () => {
  const server = await startServer({ vars: { SSE_HEARTBEAT_S: '2' } })
  try {
    const { execSync } = await import('node:child_process')
    const lines = execSync('ss -ltnp')
      .toString()
      .split('\n')
      .filter((l) => server.pids.some((p) => l.includes(`pid=${p},`)))
    console.info(lines.join('\n'))
    for (const withStay of [false, true, true])
      for (const wait of [0, 1]) {
        const user = `u${withStay}${wait}${Math.random()}`
        const stay = withStay ? await SseClient.open(`${server.url}/sse/ai-stream?user_id=${user}`) : null
        const c = await SseClient.open(`${server.url}/sse/ai-stream?user_id=${user}`)
        if (wait) await c.until(({ event }) => event === 'heartbeat')
        const n = (await hubFacts(server.url, user)).connections
        const t = Date.now()
        c.cut()
        let dt = 0
        for (;;) {
          const f = await hubFacts(server.url, user)
          dt = Date.now() - t
          if (f.connections < n || dt > 15000) break
          await new Promise((r) => setTimeout(r, 50))
        }
        console.info({ withStay, wait, n, dt })
        stay?.cut()
      }
    const ws = await WsClient.open(`${server.url}/ws/ai-stream?user_id=wsu`)
    const t = Date.now()
    ws.cut()
    while ((await hubFacts(server.url, 'wsu')).connections > 0 && Date.now() - t < 8000)
      await new Promise((r) => setTimeout(r, 50))
    console.info('ws terminate', Date.now() - t)
    console.info(server.output)
  } finally {
    console.info(server.output, server.url)
    await server.stop()
  }
}, 120000)
