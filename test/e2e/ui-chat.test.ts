import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { getJson, hubFacts } from '../support/client-http.ts'
import { LogReader } from '../support/client-reader.ts'
import { embedded, type Server, startServer } from '../support/server.ts'
import { type Chat, type Message, UI_CLIENTS, type UiClient } from '../support/ui-clients.ts'

/** D7 as the AI SDK's own transports and chats speak it, against a real service. */
let server: Server
beforeAll(async () => {
  server = await startServer({
    vars: { PROVIDERS: embedded({ main: 'tokens_per_second=100&first_token_ms=50' }) },
  })
})
afterAll(() => server.stop())

/** What a page has fetched. */
interface Fetched {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body: string
}

/** A browser's page: its `fetch` knows where the service is and who asks, and can lose a stream. */
class Page {
  readonly user: string | null
  readonly fetched: Fetched[] = []
  /** Events of the next stream until its connection is lost; null: it is not. */
  cutAfter: number | null = null
  #lost = Promise.withResolvers<void>()

  constructor(user: string | null) {
    this.user = user
  }

  /** Resolves when a stream has lost its connection. */
  get lost(): Promise<void> {
    return this.#lost.promise
  }

  fetch: typeof fetch = async (input, init) => {
    const path = input instanceof Request ? input.url : input.toString()
    const headers = new Headers(init?.headers)
    if (this.user !== null) headers.set('x-user-id', this.user)
    const response = await fetch(`${server.url}${path}`, { ...init, headers })
    const body = typeof init?.body === 'string' ? init.body : ''
    this.fetched.push({ method: init?.method ?? 'GET', path, status: response.status, body })
    const after = this.cutAfter
    if (after === null || response.body === null) return response
    this.cutAfter = null
    return new Response(this.#cut(response.body, after), response)
  }

  /** The beginning of a stream; then its connection is closed and whoever reads it is told of a network error. */
  #cut(body: ReadableStream<Uint8Array>, after: number): ReadableStream<Uint8Array> {
    const reader = body.getReader()
    const decoder = new TextDecoder()
    let events = 0
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (done) throw new Error(`it ended after ${events} events`)
        controller.enqueue(value)
        events += decoder.decode(value, { stream: true }).split('\n\n').length - 1
        if (events < after) return
        await reader.cancel()
        this.#lost.resolve()
        controller.error(new TypeError('network error'))
      },
    })
  }

  async text(path: string, method = 'GET'): Promise<string> {
    return (await this.fetch(path, { method })).text()
  }

  /** What the service has kept of a chat. */
  async kept(id: string): Promise<readonly (readonly [string, string])[]> {
    const schema = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) })
    const { messages } = schema.parse(JSON.parse(await this.text(`/sessions/${id}`)))
    return messages.map(({ role, content }) => [role, content])
  }
}

const metadataSchema = z.object({ request_id: z.string() })

function requestOf(message: Message | undefined): string {
  return metadataSchema.parse(message?.metadata).request_id
}

/** Its text as the service keeps it: a blank line between the parts. */
function textOf(message: Message | undefined): string {
  const texts = (message?.parts ?? []).flatMap(({ type, text }) => (type === 'text' ? [String(text)] : []))
  return texts.join('\n\n')
}

/** A page that lost its stream and comes back. */
async function comeBack(client: UiClient, page: Page, lost: Chat, id: string): Promise<Chat> {
  // What `ai` 5 has read before it lost a stream it never takes back, so there the page must be loaded again.
  const reloads = client.version === 'ai 5'
  const chat = reloads ? client.chat({ fetch: page.fetch, id, messages: lost.messages }) : lost
  await chat.resume()
  return chat
}

/** A message as another client reads it that was there from the start. */
async function readWhole(client: UiClient, page: Page, message: Message | undefined): Promise<Message | null> {
  const read = await client.read(await page.text(`/api/chat/${requestOf(message)}/stream`))
  expect(read.errors).toEqual([])
  return read.message
}

/** How many generations a user has begun. */
async function generations(user: string): Promise<number> {
  const { epoch, last_seq } = await hubFacts(server.url, user)
  const reader = await LogReader.open('sse', server.url, user, `${epoch}-0`)
  await reader.until(({ id }) => id === `${epoch}-${last_seq}`)
  const begun = reader.seen.filter(({ type }) => type === 'stream_start').length
  reader.cut()
  return begun
}

const WHERE = { get_location: { description: 'Finds the location of the user.', inputSchema: { type: 'object' } } }
const HEALTH = 'My BMI, please: I am 180 cm tall and weigh 80 kg. How do I sleep better?'

describe.each(UI_CLIENTS)('$version', (client) => {
  const nameOf = (what: string) => `${client.version.replace(' ', '')}-${what}`

  describe.concurrent('against a running service', () => {
    it('[D7] asks, is answered, and asks again; nothing runs after the end', async () => {
      const page = new Page(nameOf('plain'))
      const chat = client.chat({ fetch: page.fetch, id: 'chat-1' })
      await chat.send({ text: 'What is a freshet?' })
      expect(chat).toMatchObject({ status: 'ready', error: null })
      await chat.send({ text: 'And when does it come?' })
      expect(chat).toMatchObject({ status: 'ready', error: null })
      const { messages } = chat
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant'])
      expect(messages[1]?.id).toBe(requestOf(messages[1]))
      await client.validate(messages)
      expect(await page.kept('chat-1')).toEqual(messages.map((message) => [message.role, textOf(message)]))
      expect(textOf(messages[3])).not.toBe('')

      await chat.resume()
      expect(page.fetched.at(-1)).toMatchObject({ method: 'GET', path: '/api/chat/chat-1/stream', status: 204 })
      expect(chat).toMatchObject({ status: 'ready', error: null, messages })
      // By the request's own id it is there still, the same to the part.
      expect(await readWhole(client, page, messages[3])).toEqual(messages[3])
    })

    it('[D7][AG4] an agent’s tools and specialists are parts of its message, and run by nobody else', async () => {
      const page = new Page(nameOf('health'))
      const options = { fetch: page.fetch, id: 'chat-1', body: { agent: 'health' }, sendsResults: true }
      const chat = client.chat(options)
      await chat.send({ text: HEALTH })
      expect(chat).toMatchObject({ status: 'ready', error: null, toldCalls: [] })
      const answer = chat.messages[1]
      const parts = answer?.parts ?? []
      const tools = parts.filter(({ type }) => type.startsWith('tool-'))
      expect(tools.length).toBeGreaterThan(0)
      for (const part of tools) expect(part).toMatchObject({ state: 'output-available', providerExecuted: true })
      const specialists = parts.filter(({ type }) => type === 'data-specialist')
      expect(specialists.length).toBeGreaterThan(0)
      for (const { data } of specialists)
        expect(data).toMatchObject({ status: 'completed', content: expect.any(String) })
      await client.validate(chat.messages)
      expect(await readWhole(client, page, answer)).toEqual(answer)
      expect((await page.kept('chat-1')).at(-1)).toEqual(['assistant', textOf(answer)])
      // What the tools gave back is said to the model again.
      await chat.send({ text: 'Thank you.' })
      expect(chat).toMatchObject({ status: 'ready', error: null })
      expect(page.fetched.filter(({ method }) => method === 'POST')).toHaveLength(2)
    })

    it.each([
      ['a plain answer', {}, 'Tell me about meltwater.', 5],
      ['one with tools and specialists', { agent: 'health' }, HEALTH, 12],
    ])('[D7][DI3] %s that was cut and resumed is the message of one that was not', async (what, body, text, events) => {
      const page = new Page(nameOf(`cut-${what.length}`))
      const lost = client.chat({ fetch: page.fetch, id: 'chat-1', body })
      page.cutAfter = events
      await lost.send({ text })
      await page.lost
      expect(lost.status).toBe('error')
      const [, half] = lost.messages
      expect(half?.id).toBe(requestOf(half))
      const chat = await comeBack(client, page, lost, 'chat-1')
      expect(page.fetched.map(({ method, status }) => [method, status])).toEqual([
        ['POST', 200],
        ['GET', 200],
      ])
      expect(chat).toMatchObject({ status: 'ready', error: null })
      expect(chat.messages).toHaveLength(2)
      const [, answer] = chat.messages
      expect(requestOf(answer)).toBe(requestOf(half))
      expect(textOf(answer).length).toBeGreaterThan(textOf(half).length)
      expect(answer).toEqual(await readWhole(client, page, answer))
      expect(await page.kept('chat-1')).toEqual([
        ['user', text],
        ['assistant', textOf(answer)],
      ])
      expect(await generations(page.user ?? '')).toBe(1)
    })

    it('[D7][DI1] a page that is opened again, and another device, show the answer that runs', async () => {
      const page = new Page(nameOf('reload'))
      const first = client.chat({ fetch: page.fetch, id: 'chat-1' })
      page.cutAfter = 5
      await first.send({ text: 'Tell me about rivers.' })
      await page.lost
      const [asked, half] = first.messages
      const open = (messages: readonly (Message | undefined)[]) =>
        client.chat({ fetch: page.fetch, id: 'chat-1', messages: messages.filter((one) => one !== undefined) })
      const reloaded = open([asked])
      const device = open([asked, half])
      await Promise.all([reloaded.resume(), device.resume()])
      const whole = await readWhole(client, page, half)
      for (const chat of [reloaded, device]) {
        expect(chat).toMatchObject({ status: 'ready', error: null })
        expect(chat.messages).toEqual([asked, whole])
      }
    })

    it('[D7][GE3] what is submitted twice is generated once', async () => {
      const page = new Page(nameOf('twice'))
      const chat = client.chat({ fetch: page.fetch, id: 'chat-1' })
      await chat.send({ text: 'Only once' })
      const body = page.fetched[0]?.body ?? ''
      const again = () => page.fetch('/api/chat', { method: 'POST', body })
      const [one, two] = await Promise.all([again(), again()])
      for (const response of [one, two]) {
        expect((await client.read(await response.text())).message).toEqual(chat.messages[1])
      }
      // The same at once, before the first one has ended.
      const other = JSON.stringify({ ...JSON.parse(body), id: 'chat-2' })
      const both = await Promise.all([0, 1].map(() => page.fetch('/api/chat', { method: 'POST', body: other })))
      const [a, b] = await Promise.all(both.map(async (response) => client.read(await response.text())))
      expect(a?.message).not.toBeNull()
      expect(a?.message).toEqual(b?.message)
      expect(await generations(page.user ?? '')).toBe(2)
    })

    it('[D7][CV7] a regenerated answer is a new one and takes the place of the old', async () => {
      const page = new Page(nameOf('anew'))
      const chat = client.chat({ fetch: page.fetch, id: 'chat-1' })
      await chat.send({ text: 'Tell me something.' })
      const [asked, first] = chat.messages
      await chat.regenerate()
      const [, second] = chat.messages
      expect(chat.messages).toEqual([asked, second])
      expect(requestOf(second)).not.toBe(requestOf(first))
      expect(await generations(page.user ?? '')).toBe(2)
      expect(await page.kept('chat-1')).toEqual([
        ['user', 'Tell me something.'],
        ['assistant', textOf(second)],
      ])
      await chat.send({ text: 'Something else.', messageId: asked?.id ?? '' })
      expect(await page.kept('chat-1')).toEqual(chat.messages.map((message) => [message.role, textOf(message)]))
      expect(chat.messages).toHaveLength(2)
    })

    it('[D7][AG5][CV7] a tool that the client runs is called once, and the answer goes on as one message', async () => {
      const page = new Page(nameOf('tools'))
      const options = { fetch: page.fetch, id: 'chat-1', body: { tools: WHERE }, sendsResults: true }
      const chat = client.chat(options)
      await chat.send({ text: 'What is my location?' })
      const [call = ''] = chat.toldCalls
      expect(chat).toMatchObject({ status: 'ready', toldCalls: [expect.any(String)] })
      const [, first] = chat.messages
      await chat.output('get_location', call, { city: 'Zürich' })
      await expect.poll(() => chat.status === 'ready' && page.fetched.length, { timeout: 20_000 }).toBe(2)
      expect(chat).toMatchObject({ error: null, toldCalls: [call] })
      const [, answer] = chat.messages
      expect(chat.messages).toHaveLength(2)
      expect(answer?.id).toBe(first?.id)
      expect(requestOf(answer)).not.toBe(requestOf(first))
      const part = answer?.parts.find(({ type }) => type === 'tool-get_location')
      expect(part).toMatchObject({ state: 'output-available', output: { city: 'Zürich' } })
      expect(textOf(answer).startsWith(textOf(first))).toBe(true)
      expect(textOf(answer)).toContain('Zürich')
      await client.validate(chat.messages)
      expect(await page.kept('chat-1')).toEqual([
        ['user', 'What is my location?'],
        ['assistant', textOf(answer)],
      ])
      await chat.send({ text: 'Thank you.' })
      expect(chat).toMatchObject({ status: 'ready', error: null })
      expect(await page.kept('chat-1')).toHaveLength(4)
    })

    it('[D7][DI3] an answer that goes on after tools of the client is resumed as its last round; both are kept', async () => {
      const page = new Page(nameOf('round'))
      const options = { fetch: page.fetch, id: 'chat-1', body: { tools: WHERE }, sendsResults: true }
      const chat = client.chat(options)
      await chat.send({ text: 'What is my location?' })
      const [asked, first] = chat.messages
      page.cutAfter = 3
      await chat.output('get_location', chat.toldCalls[0] ?? '', { city: 'Zürich' })
      await page.lost
      await expect.poll(() => chat.status).toBe('error')
      const messages = chat.messages
      const reloaded = client.chat({ fetch: page.fetch, id: 'chat-1', messages })
      await reloaded.resume()
      expect(reloaded).toMatchObject({ status: 'ready', error: null })
      const [, resumed] = reloaded.messages
      expect(reloaded.messages).toEqual([asked, await readWhole(client, page, messages[1])])
      expect(resumed?.id).toBe(first?.id)
      expect(textOf(resumed)).toContain('Zürich')
      expect(await page.kept('chat-1')).toEqual([
        ['user', 'What is my location?'],
        ['assistant', `${textOf(first)}\n\n${textOf(resumed)}`],
      ])
    })

    it('[D7][GE4] DELETE stops an answer for everyone who reads it; leaving does not', async () => {
      const page = new Page(nameOf('stop'))
      const chat = client.chat({ fetch: page.fetch, id: 'chat-1' })
      page.cutAfter = 4
      await chat.send({ text: 'Tell me a long story.' })
      await page.lost
      const [asked] = chat.messages
      const watcher = client.chat({ fetch: page.fetch, id: 'chat-1', messages: asked === undefined ? [] : [asked] })
      const watched = watcher.resume()
      const raw = await page.fetch('/api/chat/chat-1/stream')
      expect(raw.status).toBe(200)
      await expect.poll(() => page.fetched.filter(({ method }) => method === 'GET')).toHaveLength(2)
      const stopped = await page.text('/api/chat/chat-1/stream', 'DELETE')
      const { chunks, message } = await client.read(await raw.text())
      await watched
      expect(JSON.parse(stopped)).toEqual({ cancelled: [requestOf(message ?? undefined)] })
      expect(chunks.at(-1)).toEqual({ type: 'abort' })
      expect(watcher).toMatchObject({ status: 'ready', error: null })
      const text = textOf(message ?? undefined)
      expect(text).not.toBe('')
      expect(textOf(watcher.messages[1])).toBe(text)
      expect(await page.kept('chat-1')).toEqual([
        ['user', 'Tell me a long story.'],
        ['assistant', text],
      ])
      expect((await page.fetch('/api/chat/chat-1/stream')).status).toBe(204)
      // It can be asked for anew.
      await watcher.regenerate()
      expect(textOf(watcher.messages[1]).length).toBeGreaterThan(text.length)
    })

    it('[D7][ID6] a caller without a name finds its chat by the id that the SDK made, and nobody else does', async () => {
      const page = new Page(null)
      const id = `${client.version.replace(' ', '')}Xb4Tq9LmZ2kV`.padEnd(16, '7')
      const lost = client.chat({ fetch: page.fetch, id })
      page.cutAfter = 4
      await lost.send({ text: 'Who am I?' })
      await page.lost
      const other = await page.fetch(`/api/chat/${id.slice(0, -1)}x/stream`)
      const named = await new Page('somebody').fetch(`/api/chat/${id}/stream`)
      expect([other.status, named.status]).toEqual([204, 204])
      const chat = await comeBack(client, page, lost, id)
      expect(chat).toMatchObject({ status: 'ready', error: null })
      const [, answer] = chat.messages
      expect(await readWhole(client, page, answer)).toEqual(answer)
      expect(await page.kept(id)).toEqual([
        ['user', 'Who am I?'],
        ['assistant', textOf(answer)],
      ])
      expect((await getJson(`${server.url}/sessions/${id}`, { 'x-user-id': 'somebody' })).status).toBe(404)
    })

    it('[D7][ER2] what is refused is the chat’s error, with the sentence that says why', async () => {
      const page = new Page(nameOf('refused'))
      const chat = client.chat({ fetch: page.fetch, id: 'chat-1', body: { agent: 'nobody' } })
      await chat.send({ text: 'Hi' })
      expect(chat.status).toBe('error')
      expect(page.fetched).toMatchObject([{ status: 400 }])
      expect(chat.error).toContain('unknown_agent')
    })
  })
})
