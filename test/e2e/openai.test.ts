import { spawn } from 'node:child_process'
import { LLMock } from '@copilotkit/aimock'
import OpenAI from 'openai'
import type { RunnableToolFunctionWithoutParse } from 'openai/lib/RunnableFunction'
import type { ChatCompletionCreateParamsNonStreaming, ChatCompletionTool } from 'openai/resources/chat/completions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postJson } from '../support/client-http.ts'
import { type Server, startServer } from '../support/server.ts'
import { TearingProxy } from '../support/tearing-proxy.ts'

const ANSWER =
  'Water finds its way down, one drop after another, until the valley is a lake and the lake is a mirror of the sky.'
const USAGE = { prompt_tokens: 11, completion_tokens: 22, total_tokens: 33 }
/** ms for each piece of the slow answer, of which there are about 30. */
const LATENCY = 40

const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 4 })
let freshet: Server
let proxy: TearingProxy
/** What the slow provider was asked, and who waits for more of it. */
const asks: string[] = []
let heard: () => void = () => undefined

beforeAll(async () => {
  mock.on({ userMessage: 'plain' }, { content: ANSWER, usage: USAGE })
  const slow = ({ messages }: { messages: readonly { content: unknown }[] }) => {
    asks.push(String(messages.at(-1)?.content))
    heard()
    return { content: ANSWER, usage: USAGE }
  }
  mock.on({ userMessage: 'slow' }, slow, { latency: LATENCY })
  mock.on(
    { userMessage: 'river', hasToolResult: false },
    { toolCalls: [{ id: 'call_1', name: 'get_level', arguments: '{"river":"Inn"}' }] },
  )
  mock.on({ userMessage: 'river', hasToolResult: true }, { content: 'The Inn stands at 3 m.' })
  await mock.start()
  freshet = await startServer({
    vars: {
      MAX_ACTIVE_REQUESTS_PER_USER: '2',
      PROVIDERS: JSON.stringify([
        { name: 'mock-llm', kind: 'openai-compatible', model: 'mock-1', base_url: `${mock.url}/v1` },
        { name: 'built-in', kind: 'embedded', model: 'small', base_url: 'embedded:?tokens_per_second=0' },
        {
          name: 'endless',
          kind: 'embedded',
          model: 'large',
          base_url: 'embedded:?tokens_per_second=50&first_token_ms=0&tokens=5000',
        },
      ]),
      MOCK_LLM_API_KEY: 'sk-upstream',
    },
  })
  proxy = await TearingProxy.start(freshet.port)
})

afterAll(async () => {
  await proxy.stop()
  await freshet.stop()
  await mock.stop()
})

/** The official client by its base URL, as a user with a name. */
function clientOf(user: string, more: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI {
  return new OpenAI({
    apiKey: 'sk-any',
    baseURL: `${freshet.url}/v1`,
    defaultHeaders: { 'X-User-Id': user },
    ...more,
  })
}

function asked(content: string, model = 'mock-1') {
  return { model, messages: [{ role: 'user' as const, content }] }
}

/** Calls of the provider with a prompt. */
function calls(prompt: string): number {
  return mock.getRequests().filter(({ body }) => JSON.stringify(body).includes(prompt)).length
}

/** What a client throws. */
async function thrownBy(call: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const thrown: unknown = await call.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  )
  if (thrown instanceof OpenAI.APIError) return thrown
  throw thrown
}

function cancel(user: string, id: string) {
  return postJson(`${freshet.url}/api/requests/${id.replace('chatcmpl-', '')}/cancel?user_id=${user}`, {})
}

describe('the official client, by its base URL alone', () => {
  test('[OA9][OA13] gets an answer, with what the provider counted, and finds it again', async () => {
    const client = new OpenAI({ baseURL: `${freshet.url}/v1`, apiKey: 'sk-any' })
    const answer = await client.chat.completions.create(asked('plain'))
    expect(answer).toMatchObject({ model: 'mock-1', object: 'chat.completion', usage: USAGE })
    expect(answer.choices).toMatchObject([{ finish_reason: 'stop', message: { role: 'assistant', content: ANSWER } }])
    expect(answer._request_id).toBe(answer.id.replace('chatcmpl-', ''))
    const again = await client.chat.completions.retrieve(answer.id)
    expect({ ...again, model: 'mock-1' }).toEqual(answer)
  })

  test('[OA8][OA10] streams it, by hand and by the helper', async () => {
    const client = clientOf('streams')
    const stream = await client.chat.completions.create({
      ...asked('plain'),
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: unknown = null
    for await (const { choices, usage: counted } of stream) {
      text += choices[0]?.delta.content ?? ''
      usage = counted ?? usage
    }
    expect([text, usage]).toEqual([ANSWER, USAGE])
    const helper = client.chat.completions.stream(asked('slow'))
    const pieces: string[] = []
    helper.on('content', (delta) => pieces.push(delta))
    const whole = await helper.finalChatCompletion()
    expect(pieces.length).toBeGreaterThan(5)
    expect(pieces.join('')).toBe(ANSWER)
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: ANSWER } })
  })

  test('[OA14] lists the models, and reads each of them', async () => {
    const client = clientOf('models')
    const names: string[] = []
    for await (const { id } of client.models.list()) names.push(id)
    expect(names).toEqual(['freshet', 'freshet/health', 'freshet/todo', 'mock-1', 'small', 'large'])
    for (const name of names) expect((await client.models.retrieve(name)).id).toBe(name)
  })

  test('[GE2][OA13] when it aborts its stream the answer goes on, and is whole when it is retrieved', async () => {
    const client = clientOf('aborts')
    const stream = await client.chat.completions.create({ ...asked('slow abort'), stream: true })
    let id = ''
    let seen = ''
    for await (const chunk of stream) {
      id = chunk.id
      seen += chunk.choices[0]?.delta.content ?? ''
      if (seen.length > 10) break
    }
    expect(ANSWER.startsWith(seen) && seen.length < ANSWER.length).toBe(true)
    const whole = await client.chat.completions.retrieve(id)
    expect(whole.choices[0]?.message.content).toBe(ANSWER)
    expect(calls('slow abort')).toBe(1)
  })
})

const PARAMETERS = { type: 'object', properties: { river: { type: 'string' } }, required: ['river'] }
const TOOL: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_level',
    description: 'The level of a river',
    parameters: PARAMETERS,
  },
}

describe('tools of the caller', () => {
  test.each([
    ['a provider', 'mock-1'],
    ['the embedded provider', 'small'],
  ])('[AG5] by %s: a call, its result, the answer', async (_, model) => {
    const client = clientOf(`tools-${model}`)
    const first = await client.chat.completions.create({ ...asked('Level of river "Inn"?', model), tools: [TOOL] })
    const message = first.choices[0]?.message
    expect(first.choices[0]?.finish_reason).toBe('tool_calls')
    const [call] = message?.tool_calls ?? []
    if (message === undefined || call?.type !== 'function') throw new Error('no call')
    expect([call.function.name, JSON.parse(call.function.arguments)]).toEqual(['get_level', { river: 'Inn' }])
    const { messages } = asked('Level of river "Inn"?')
    const second = await client.chat.completions.create({
      model,
      messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: '{"metres":3}' }],
      tools: [TOOL],
    })
    expect(second.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: expect.stringContaining('3') },
    })
  })

  test.each([
    ['whole', 'mock-1'],
    ['streamed', 'mock-1'],
    ['whole', 'small'],
    ['streamed', 'small'],
  ])("[AG5] the client's own runner, %s, by %s", async (how, model) => {
    const client = clientOf(`runs-${model}-${how}`)
    const given: unknown[] = []
    const level: RunnableToolFunctionWithoutParse = {
      type: 'function',
      function: {
        name: 'get_level',
        description: 'The level of a river',
        parameters: { ...PARAMETERS },
        function: (words: string) => {
          given.push(JSON.parse(words))
          return '{"metres":3}'
        },
      },
    }
    const body = { ...asked('Level of river "Inn"?', model), tools: [level] }
    const runner =
      how === 'whole'
        ? client.chat.completions.runTools(body)
        : client.chat.completions.runTools({ ...body, stream: true })
    expect(await runner.finalContent()).toContain('3')
    expect(given).toEqual([{ river: 'Inn' }])
  })
})

describe('errors are the client’s own', () => {
  const plain: ChatCompletionCreateParamsNonStreaming = asked('plain')

  test('[OA12] by their status, with a code and a sentence', async () => {
    const client = clientOf('errors')
    const { chat, models } = client
    const bad = await thrownBy(chat.completions.create({ ...plain, n: 2 }))
    expect(bad).toBeInstanceOf(OpenAI.BadRequestError)
    expect(bad).toMatchObject({ status: 400, code: 'bad_request', type: 'invalid_request_error', param: null })
    expect(bad.message).toContain('`n`')
    const empty = await thrownBy(chat.completions.create(asked(' ')))
    expect([empty.constructor, empty.code]).toEqual([OpenAI.BadRequestError, 'empty_prompt'])
    for (const missing of [
      () => chat.completions.create(asked('plain', 'freshet/nobody')),
      () => models.retrieve('nobody'),
      () => chat.completions.create({ ...asked('plain', 'freshet/nobody'), stream: true }),
    ]) {
      const error = await thrownBy(missing())
      expect([error.constructor, error.code]).toEqual([OpenAI.NotFoundError, 'model_not_found'])
    }
    const lost = await thrownBy(chat.completions.retrieve('chatcmpl-nothing'))
    expect([lost.constructor, lost.code]).toEqual([OpenAI.NotFoundError, 'request_not_found'])
    const nowhere = await thrownBy(client.embeddings.create({ model: 'x', input: 'y' }))
    expect([nowhere.constructor, nowhere.code]).toEqual([OpenAI.NotFoundError, 'not_found'])
    const keyed = { headers: { 'Idempotency-Key': 'one-key' } }
    await chat.completions.create(plain, keyed)
    const reused = await thrownBy(chat.completions.create(asked('plain other'), keyed))
    expect([reused.constructor, reused.code]).toEqual([OpenAI.UnprocessableEntityError, 'request_id_reused'])
  })

  test('[OA12] of an answer that failed: a typed error, and no try beyond the first', async () => {
    let tries = 0
    const client = clientOf('fails', {
      fetch: (url, init) => {
        tries += 1
        return fetch(url, init)
      },
    })
    const body = { ...asked('Never ending', 'large'), config: { timeout: 0.5 } }
    const error = await thrownBy(client.chat.completions.create(body))
    expect([error.constructor, error.status, error.code]).toEqual([OpenAI.InternalServerError, 504, 'timeout'])
    expect(tries).toBe(1)
    const stream = await client.chat.completions.create({ ...body, stream: true })
    const broken = await thrownBy(
      (async () => {
        for await (const chunk of stream) expect(chunk.object).toBe('chat.completion.chunk')
      })(),
    )
    expect(broken).toMatchObject({ code: 'timeout', type: 'server_error' })
    expect(tries).toBe(2)
  })

  test('[GE9] too many at a time is a RateLimitError', async () => {
    const user = 'busy'
    const client = clientOf(user, { maxRetries: 0 })
    const open = [0, 1].map(() => client.chat.completions.create({ ...asked('Never ending', 'large'), stream: true }))
    const ids: string[] = []
    for (const stream of await Promise.all(open)) for await (const { id } of stream) if (ids.push(id)) break
    const error = await thrownBy(client.chat.completions.create(plain))
    expect([error.constructor, error.code]).toEqual([OpenAI.RateLimitError, 'too_many_requests'])
    expect(error.headers?.get('retry-after')).toBe('1')
    for (const id of ids) expect((await cancel(user, id)).status).toBe(200)
    expect((await client.chat.completions.create(plain)).choices[0]?.message.content).toBe(ANSWER)
  })
})

describe('retries, which the client does by itself', () => {
  /** Resolves when the provider has been asked something so many times. */
  async function provided(prompt: string, times = 1): Promise<void> {
    while (asks.filter((asked) => asked === prompt).length < times) {
      await new Promise<void>((resolve) => {
        heard = resolve
      })
    }
  }

  function tornClient(user: string): OpenAI {
    return clientOf(user, { baseURL: `${proxy.url}/v1` })
  }

  test('[GE11][OA15] a call whose connection is torn while it waits is answered, and was run once', async () => {
    const torn = proxy.torn
    const answer = tornClient('torn-call').chat.completions.create(asked('slow torn-call'))
    await provided('slow torn-call')
    proxy.tear()
    expect((await answer).choices[0]?.message.content).toBe(ANSWER)
    expect([calls('torn-call'), proxy.torn - torn]).toEqual([1, 1])
  })

  test('[GE11][OA15] a stream whose connection is torn before it came is whole, and was run once', async () => {
    const torn = proxy.torn
    proxy.tearAtAnswer()
    const stream = tornClient('torn-stream').chat.completions.stream(asked('slow torn-stream'))
    expect(await stream.finalContent()).toBe(ANSWER)
    expect([calls('torn-stream'), proxy.torn - torn]).toEqual([1, 1])
  })

  test('[GE11][OA15] several at once with the same words, all torn and retried: as many answers, each run once', async () => {
    const client = tornClient('torn-both')
    const both = [0, 1].map(() => client.chat.completions.create(asked('slow torn-both')))
    await provided('slow torn-both', 2)
    proxy.tear()
    const answers = await Promise.all(both)
    expect(new Set(answers.map(({ id }) => id)).size).toBe(2)
    expect(calls('torn-both')).toBe(2)
  })

  test('[OA15] one that was refused because of others with the same words is an answer of its own later', async () => {
    const client = clientOf('each')
    const answers = await Promise.all([0, 1, 2].map(() => client.chat.completions.create(asked('slow each'))))
    expect(new Set(answers.map(({ id }) => id)).size).toBe(3)
    expect(calls('slow each')).toBe(3)
  })

  test('[GE3] without a name, the header Idempotency-Key does the same', async () => {
    const client = new OpenAI({ baseURL: `${proxy.url}/v1`, apiKey: 'sk-any' })
    const headers = { 'Idempotency-Key': 'a-key-that-nobody-guesses' }
    const answer = client.chat.completions.create(asked('slow keyed'), { headers })
    await provided('slow keyed')
    proxy.tear()
    expect((await answer).choices[0]?.message.content).toBe(ANSWER)
    expect(calls('slow keyed')).toBe(1)
  })
})

describe('without any client', () => {
  test('[OA8] curl -N sees the lines as they are written, to the end', async () => {
    const body = JSON.stringify({ ...asked('slow curl'), stream: true })
    const url = `${freshet.url}/v1/chat/completions`
    const curl = spawn('curl', ['-sSN', '-H', 'X-User-Id: curl', '-d', body, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const written: string[] = []
    for await (const piece of curl.stdout) written.push(String(piece))
    expect(written.length).toBeGreaterThan(5)
    const lines = written
      .join('')
      .split('\n')
      .filter((line) => line !== '')
    expect(lines.filter((line) => !/^(id|data): /.test(line))).toEqual([])
    const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length))
    expect(data.at(-1)).toBe('[DONE]')
    const text = data.slice(0, -1).map((json) => JSON.parse(json).choices[0].delta.content ?? '')
    expect(text.join('')).toBe(ANSWER)
    expect(text.length).toBeGreaterThan(5)
  })
})
