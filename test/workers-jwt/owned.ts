import * as z from 'zod'
import { bearer, tokenOf } from './tokens.ts'
import { call } from './witness.ts'

/** A user with something of everything, each of it with a word that stands nowhere else. */
export interface Owned {
  readonly user: string
  readonly token: string
  readonly word: string
  /** A conversation, and a request in it that has ended. */
  readonly conversation: string
  readonly ended: string
  /** The first event of that request. */
  readonly cursor: string
  /** A chat, and a request in it that runs for a minute and more. */
  readonly chat: string
  readonly running: string
  readonly todo: string
}

let users = 0

export async function aUserWithAll(): Promise<Owned> {
  users += 1
  const user = `owner-${users}`
  const token = await tokenOf(user)
  const word = `Zanzibar${users}x`
  const ended = `${user}-ended`
  const running = `${user}-running`
  const chat = `${user}-chat`
  const post = (path: string, body: object) =>
    call(path, { method: 'POST', headers: bearer(token), body: JSON.stringify(body) })

  const made = await post('/sessions/new', { title: `Travels to ${word}` })
  const { session_id: conversation } = z.object({ session_id: z.string() }).parse(await made.json())
  const first = { message: `Tell me of ${word}`, session_id: conversation, request_id: ended }
  const told = await textOf(await post('/chat/stream', first))
  const cursor = /^id: (.+)$/m.exec(told)?.[1]
  if (cursor === undefined) throw new Error(`no cursor: ${told}`)
  const second = { message: `More of ${word}`, session_id: chat, request_id: running, model: 'endless' }
  await textOf(await post('/chat/stream', second), /"chunk_number":2/)
  const todo = await post('/api/todos', { item: `Buy a map of ${word}` })
  const { todo_id } = z.object({ todo_id: z.string() }).parse(await todo.json())
  return { user, token, word, conversation, ended, cursor, chat, running, todo: todo_id }
}

/** Ends what runs. */
export async function putAway({ running, token }: Owned): Promise<void> {
  await call(`/api/requests/${running}/cancel`, { method: 'POST', headers: bearer(token) })
}

/** What an answer says: all of it, or until something was said; the frames of a socket too. */
export async function textOf({ body, webSocket }: Response, until?: RegExp): Promise<string> {
  let text = ''
  if (webSocket) {
    const said = Promise.withResolvers<void>()
    webSocket.addEventListener('message', ({ data }) => {
      text += `${String(data)}\n`
      if (until?.test(text)) said.resolve()
    })
    webSocket.addEventListener('close', () => said.resolve())
    webSocket.accept()
    await said.promise
    webSocket.close(1000, 'read')
    return text
  }
  const decoder = new TextDecoder()
  for await (const piece of body ?? []) {
    text += decoder.decode(piece, { stream: true })
    if (until?.test(text)) break
  }
  return text
}
