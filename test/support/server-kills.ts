import { expect } from 'vitest'
import { getJson, hubFacts, trigger } from './client-http.ts'
import { randomFrom } from './client-random.ts'
import { LogReader, type Seen } from './client-reader.ts'
import { faultsOf, Witness } from './client-witness.ts'
import type { Server } from './server.ts'

export interface KillPlan {
  readonly rounds: number
  readonly seed: number
  readonly users: readonly string[]
  /** Requests at a time, of each user. */
  readonly requests: number
  /** A round is killed when so many events were seen in it: at least 1, at most this. */
  readonly mostEvents: number
}

export interface KillFigures {
  rounds: number
  requests: number
  interrupted: number
  events: number
}

/**
 * Kills a server again and again in the middle of streams, lets everyone come back, and holds what each saw, in all
 * its lives, against the log.
 */
export async function killAndCompare(server: Server, plan: KillPlan): Promise<KillFigures> {
  const random = randomFrom(plan.seed)
  const figures: KillFigures = { rounds: 0, requests: 0, interrupted: 0, events: 0 }
  const witnesses = await Promise.all(
    plan.users.flatMap((user) =>
      (['sse', 'ws'] as const).map((transport) => Witness.begin(transport, server.url, user)),
    ),
  )
  const acknowledged = new Map<string, string[]>(plan.users.map((user) => [user, []]))
  const seenByAll = () => witnesses.reduce((sum, { count }) => sum + count, 0)

  for (let round = 0; round < plan.rounds; round++) {
    await Promise.all(
      plan.users.flatMap((user) =>
        Array.from({ length: plan.requests }, async (_, i) => {
          const granularity = i % 2 === 0 ? 'token' : 'chunk'
          const prompt = `round ${round}, request ${i}`
          const request = await trigger(server.url, { prompt, user_id: user, stream_config: { granularity } })
          acknowledged.get(user)?.push(request)
        }),
      ),
    )
    const until = seenByAll() + 1 + Math.floor(random() * plan.mostEvents)
    await Promise.race(witnesses.map((witness) => witness.untilTotal(seenByAll, until)))
    await server.kill9Workerd()
    await server.restart()
    await Promise.all(witnesses.map((witness) => witness.resume(server.url)))
    await Promise.all(witnesses.map((witness) => witness.untilEnded(acknowledged.get(witness.user) ?? [])))
    figures.rounds += 1
  }

  for (const user of plan.users) {
    const requests = acknowledged.get(user) ?? []
    const log = await wholeLog(server, user, requests)
    for (const witness of witnesses.filter((one) => one.user === user)) {
      witness.leave()
      expect(faultsOf(witness, log, requests)).toEqual([])
      figures.events += witness.seen.length
    }
    for (const { type, body } of log) {
      if (type !== 'error') continue
      expect(JSON.parse(body).error_type).toBe('interrupted')
      figures.interrupted += 1
    }
    for (const request of requests) {
      const { body } = await getJson(`${server.url}/api/requests/${request}?user_id=${user}`)
      expect(body['status']).toMatch(/^(complete|error)$/)
    }
    figures.requests += requests.length
  }
  return figures
}

/** All of a user's log over WebSocket, which shows everything but every second `progress`. */
async function wholeLog(server: Server, user: string, requests: readonly string[]): Promise<readonly Seen[]> {
  const { epoch } = await hubFacts(server.url, user)
  const reader = await LogReader.open('ws', server.url, user, `${epoch}-0`)
  await reader.untilEnded(requests)
  reader.cut()
  return reader.seen
}
