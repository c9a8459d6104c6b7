import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { compactOf } from '../../src/core/compact.ts'
import type { LogEvent } from '../../src/core/events.ts'
import { openAiChat } from '../../src/dialects/openai-chat.ts'
import { commandOf } from '../../src/dialects/openai-request.ts'
import { DIALECTS } from '../../src/dialects/registry.ts'
import { cutBytes, eventsOf } from '../support/event-stream.ts'
import { everyEvent } from '../support/log-events.ts'
import {
  called,
  clientOf,
  collected,
  ended,
  eventOf,
  type Story,
  said,
  storyArb,
  streamed,
  wireOf,
} from './openai-support.ts'

const ASKED = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Why?' }] }
const START = eventOf('stream_start')
const cutsArb = fc.array(fc.nat(5000), { maxLength: 12 })

/** The official client at the end of a wire that comes in pieces. */
function readerOf(wire: string, cuts: readonly number[] = []): OpenAI {
  return clientOf(() => streamed(cutBytes(wire, cuts).map((bytes) => new Uint8Array(bytes))))
}

/** What the client's own runner makes of it. */
function finalOf(wire: string, cuts: readonly number[] = []) {
  return readerOf(wire, cuts).chat.completions.stream(ASKED).finalChatCompletion()
}

async function chunksOf(wire: string): Promise<readonly OpenAI.ChatCompletionChunk[]> {
  return collected(await readerOf(wire).chat.completions.create({ ...ASKED, stream: true }))
}

/** What the client is to make of a story. */
function messageOf({ text, calls }: Story): object {
  const tool_calls = calls.map(({ id, name, words }) => ({
    id,
    type: 'function',
    function: { name, arguments: words },
  }))
  return { role: 'assistant', content: text, ...(calls.length > 0 && { tool_calls }) }
}

describe('a stream of D6', () => {
  it('[OA8] any text and any calls come through the official client, wherever the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(storyArb, cutsArb, async (story, cuts) => {
        const reason = story.calls.length > 0 ? 'tool_calls' : 'stop'
        const completion = await finalOf(wireOf([...story.events, ended(reason)], { model: 'gpt-4o' }), cuts)
        expect(completion.choices[0]?.message).toMatchObject(messageOf(story))
        expect(completion.choices[0]?.finish_reason).toBe(reason)
        expect(completion).toMatchObject({ id: 'chatcmpl-r1', model: 'gpt-4o', created: Math.floor(START.at / 1000) })
      }),
    )
  })

  it('[OA8] a resumed one begins at the start, and from the compacted log it is the same message', async () => {
    expect(openAiChat.replaysFromStart).toBe(true)
    await fc.assert(
      fc.asyncProperty(storyArb, async (story) => {
        const events = [...story.events, ended('stop')]
        const compact = compactOf(events.map((event, i) => ({ seq: i + 1, event })))
        const again = await finalOf(wireOf(compact.events().map(({ event }) => event)))
        expect(again).toEqual(await finalOf(wireOf(events)))
      }),
      { numRuns: 40 },
    )
  })

  it('[OA8] the same events are the same bytes for every reader', () => {
    fc.assert(
      fc.property(storyArb, fc.boolean(), ({ events }, includeUsage) => {
        const all = [...events, ended('stop')]
        expect(wireOf(all, { includeUsage })).toBe(wireOf(all, { includeUsage }))
      }),
    )
  })

  it('[OA8] an id stands on the last block of its event alone, and no block has a name', () => {
    const wire = wireOf([START, said('a'), called('c', 't', ''), ended('tool_calls')], { includeUsage: true })
    const blocks = eventsOf(wire)
    expect(blocks.map(({ id }) => id)).toEqual(['n0-1', 'n0-2', 'n0-3', undefined, undefined, 'n0-4'])
    expect(blocks.at(-1)).toEqual({ id: 'n0-4', data: '[DONE]' })
    expect(blocks.filter(({ event }) => event !== undefined)).toEqual([])
    const encoder = openAiChat.encoder({ model: 'x', includeUsage: false, batching: false })
    expect(encoder.event(null, START)).not.toMatch(/^id:/m)
  })

  it('[OA8] every chunk has the time of the start', async () => {
    const chunks = await chunksOf(
      wireOf([START, said('a'), called('c', 't', ''), ended('stop')], { includeUsage: true }),
    )
    expect(chunks.length).toBe(5)
    expect(new Set(chunks.map(({ created }) => created))).toEqual(new Set([1_700_000_000]))
    expect(new Set(chunks.map(({ system_fingerprint }) => system_fingerprint))).toEqual(new Set(['freshet']))
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
  })

  it('[OA10] usage comes in a chunk of its own before the end, to whoever asked', async () => {
    const events = [START, said('a'), ended('stop', 3, 7)]
    const asked = await chunksOf(wireOf(events, { includeUsage: true }))
    const usage = { prompt_tokens: 3, completion_tokens: 7, total_tokens: 10 }
    expect(asked.map((chunk) => chunk.usage)).toEqual([null, null, null, usage])
    expect(asked.map(({ choices }) => choices.length)).toEqual([1, 1, 1, 0])
    for (const chunk of await chunksOf(wireOf(events))) expect(chunk).not.toHaveProperty('usage')
    const unsaid = await chunksOf(wireOf([START, ended('stop', null, 7)], { includeUsage: true }))
    expect(unsaid.at(-1)?.usage).toEqual({ prompt_tokens: 0, completion_tokens: 7, total_tokens: 7 })
    const total = await readerOf(wireOf(events, { includeUsage: true }))
      .chat.completions.stream(ASKED)
      .totalUsage()
    expect(total).toMatchObject(usage)
  })

  it('[OA9] how it ended, in the words of OpenAI', async () => {
    const reasonOf = async (...events: LogEvent[]) =>
      (await chunksOf(wireOf([START, ...events]))).map(({ choices }) => choices[0]?.finish_reason).at(-1)
    expect(await reasonOf(ended('stop'))).toBe('stop')
    expect(await reasonOf(ended('length'))).toBe('length')
    expect(await reasonOf(ended('content_filter'))).toBe('content_filter')
    expect(await reasonOf(ended('other'))).toBe('stop')
    expect(await reasonOf(ended('anything'))).toBe('stop')
    expect(await reasonOf(called('c', 't', ''), ended('tool_calls'))).toBe('tool_calls')
    // A client that is told of calls and finds none would wait, or call again, for ever.
    expect(await reasonOf(ended('tool_calls'))).toBe('stop')
    expect(await reasonOf(called('c', 't', '', false), ended('tool_calls'))).toBe('stop')
  })

  it('[OA9] a cancelled one ends like one that stopped, with its text', async () => {
    const wire = wireOf([START, said('so far'), eventOf('cancelled')], { includeUsage: true })
    const completion = await finalOf(wire)
    expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'so far' } })
    expect(eventsOf(wire).at(-1)?.data).toBe('[DONE]')
    expect(completion.usage).toEqual({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 })
  })

  it('[OA9] calls of our own tools, and all that is no answer, are not told', () => {
    const told = everyEvent().filter((event) => wireOf([event]) !== '')
    expect(told.map(({ type }) => type)).toEqual(['stream_start', 'chunk', 'token', 'stream_end', 'cancelled', 'error'])
    expect(wireOf([called('c', 't', '{}', false)])).toBe('')
  })

  it('[OA9] calls are numbered through, each whole in one chunk', async () => {
    const chunks = await chunksOf(
      wireOf([START, called('a', 'sum', '{"n":1}'), said('x'), called('b', 'mul', ''), ended('tool_calls')]),
    )
    expect(chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])).toEqual([
      { index: 0, id: 'a', type: 'function', function: { name: 'sum', arguments: '{"n":1}' } },
      { index: 1, id: 'b', type: 'function', function: { name: 'mul', arguments: '' } },
    ])
  })

  it('[OA11] a failure in it is thrown by the client, with its code and sentence, after the text', async () => {
    const wire = wireOf([START, said('so far'), eventOf('error')])
    const stream = await readerOf(wire).chat.completions.create({ ...ASKED, stream: true })
    let text = ''
    const read = async (): Promise<void> => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    }
    const error = await read().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({
      message: 'The provider broke off. Try again.',
      code: 'provider_cut',
      type: 'server_error',
      param: null,
    })
    expect(text).toBe('so far')
    expect(wire).not.toContain('[DONE]')
    await expect(finalOf(wire)).rejects.toThrow('The provider broke off. Try again.')
  })

  it('[OA8] comments that keep it open are seen by nobody', async () => {
    const encoder = openAiChat.encoder({ model: 'x', includeUsage: false, batching: false })
    const beat = encoder.heartbeat(0)
    expect(beat).toMatch(/^: .+\n\n$/)
    const [first, ...rest] = [START, said('a'), ended('stop')].map((event) => encoder.event(null, event))
    const completion = await finalOf(`${beat}${first}${beat}${rest.join(beat)}`)
    expect(completion.choices[0]?.message.content).toBe('a')
  })

  it('[AG5] the client runs its tools and asks again until it is answered', async () => {
    const asked: number[] = []
    const client = clientOf((body) => {
      const { command, model, includeUsage } = commandOf(body, () => false)
      asked.push(command.after.length)
      const result = command.after.findLast(({ role }) => role === 'tool')
      const told =
        result === undefined
          ? [called('c1', command.tools[0]?.name ?? '', '{"a":1,"b":2}'), ended('tool_calls')]
          : [said(`It is ${result.content}, ${command.prompt}`), ended('stop')]
      return streamed(
        cutBytes(wireOf([START, ...told], { model, includeUsage }), [70, 300]).map((b) => new Uint8Array(b)),
      )
    })
    const runner = client.chat.completions.runTools({
      ...ASKED,
      stream: true,
      tools: [
        {
          type: 'function',
          function: {
            name: 'sum',
            description: 'Adds.',
            parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
            parse: (text: string): { a: number; b: number } => JSON.parse(text),
            function: ({ a, b }: { a: number; b: number }) => String(a + b),
          },
        },
      ],
    })
    expect(await runner.finalContent()).toBe('It is 3, Why?')
    expect(asked).toEqual([0, 2])
  })

  it('[DI1] it is in the registry under the name of its contract', () => {
    expect(DIALECTS['d6']).toBe(openAiChat)
    expect(openAiChat).toMatchObject({ name: 'd6', headers: {} })
  })
})

/** A whole stream, as bytes leave: a change of this text is a change of the contract with OpenAI's clients. */
const GOLDEN = `id: n0-1
data: {"id":"chatcmpl-r1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"freshet","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null}

id: n0-3
data: {"id":"chatcmpl-r1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"freshet","choices":[{"index":0,"delta":{"content":"one\\r\\n🌊"},"logprobs":null,"finish_reason":null}],"usage":null}

id: n0-5
data: {"id":"chatcmpl-r1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"freshet","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"sum","arguments":"{\\"a\\":1}"}}]},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-r1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"freshet","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}],"usage":null}

data: {"id":"chatcmpl-r1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"freshet","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":7,"total_tokens":10}}

id: n0-6
data: [DONE]

`

describe('a stream of D6, whole', () => {
  it('[OA8] is this text from the first byte to the last', () => {
    const events = [
      START,
      eventOf('metadata'),
      said('one\r\n🌊'),
      eventOf('tool_call'),
      called('call_1', 'sum', '{"a":1}'),
      ended('tool_calls'),
    ]
    expect(wireOf(events, { model: 'gpt-4o', includeUsage: true })).toBe(GOLDEN)
  })
})
