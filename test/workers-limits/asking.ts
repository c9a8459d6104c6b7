import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import * as z from 'zod'
import { call, Socket } from '../workers/support.ts'

/** The code that something was refused with, or null: it was taken. */
export type Code = string | null

let users = 0

/** A user whom nobody has used a limit of. */
export function aUser(): string {
  users += 1
  return `bounded-${users}`
}

const problemSchema = z.object({ code: z.string() })
const openAiSchema = z.object({ error: z.object({ code: z.string() }) })

/** What an answer was refused with, by whatever shape its dialect has for that. */
export async function codeOf(answer: Response): Promise<Code> {
  const text = await answer.text()
  const [, event, data] = /^event: (error|rate_limit_exceeded)\ndata: (.*)\n/.exec(text) ?? []
  if (event === 'rate_limit_exceeded') return event
  if (event === 'error') return problemSchema.parse(JSON.parse(data ?? '')).code
  if (answer.status < 400) return null
  const raw: unknown = JSON.parse(text)
  const openAi = openAiSchema.safeParse(raw)
  return openAi.success ? openAi.data.error.code : problemSchema.parse(raw).code
}

export async function post(path: string, body: unknown, user = aUser()): Promise<Code> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return codeOf(await call(path, { method: 'POST', headers: { 'x-user-id': user }, body: text }))
}

export async function get(path: string, headers: Record<string, string> = { 'x-user-id': aUser() }): Promise<Code> {
  return codeOf(await call(path, { headers }))
}

/** What a socket's frame is refused with. Frames are taken one after another, so an answered ping says that it was not. */
export async function frame(text: string): Promise<Code> {
  const socket = await Socket.open(`user_id=${aUser()}`)
  socket.say(text)
  socket.say({ type: 'ping', timestamp: 'the last' })
  await socket.until(() => socket.bare.some((raw) => JSON.stringify(raw).includes('the last')))
  const error = socket.events.find(({ event_type, id }) => event_type === 'error' && id === null)
  socket.close()
  return error === undefined ? null : String(error.data['error_type'])
}

/** A user of whom so many rows are stored already; `insert` takes a number and the time. */
export async function withRows(count: number, insert: string): Promise<string> {
  const user = aUser()
  await call('/sessions/new', { method: 'POST', headers: { 'x-user-id': user } })
  await runInDurableObject(env.SESSION_HUB.getByName(`user:${user}`), (_, state) => {
    state.storage.transactionSync(() => {
      for (let i = 0; i < count; i++) state.storage.sql.exec(insert, String(i).padStart(8, '0'))
    })
  })
  return user
}
