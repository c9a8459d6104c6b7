import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compactOf } from '../../src/core/compact.ts'
import { isTerminal } from '../../src/core/events.ts'
import { DIALECTS } from '../../src/dialects/registry.ts'
import { uiMessageStream } from '../../src/dialects/ui-message-stream.ts'
import { eventsOf } from '../support/event-stream.ts'
import { textArb } from '../support/generated-log.ts'
import { everyEvent } from '../support/log-events.ts'
import { type Message, UI_CLIENTS } from '../support/ui-clients.ts'
import { encoded, Story, uiLogArb } from '../support/ui-logs.ts'

/** What a story is on the wire, `[DONE]` included. */
function wire(story: Story): readonly unknown[] {
  return eventsOf(encoded(story.log)).map(({ data }): unknown => (data === '[DONE]' ? data : JSON.parse(data)))
}

const START = {
  type: 'start',
  messageId: 'r1',
  messageMetadata: { request_id: 'r1', conversation_id: 'c1' },
}
const STEP = { type: 'start-step' }
const NEXT = [{ type: 'finish-step' }, STEP]
const END = [{ type: 'finish-step' }, { type: 'finish', finishReason: 'stop' }, '[DONE]']

function text(id: string, ...deltas: readonly string[]): readonly object[] {
  return [
    { type: 'text-start', id },
    ...deltas.map((delta) => ({ type: 'text-delta', id, delta })),
    { type: 'text-end', id },
  ]
}

describe('the UI message stream', () => {
  it('[DI1] is in the registry, tells its version, and begins a resumed stream at the start', () => {
    expect(DIALECTS['d7']).toBe(uiMessageStream)
    expect(uiMessageStream).toMatchObject({
      name: 'd7',
      headers: { 'x-vercel-ai-ui-message-stream': 'v1' },
      replaysFromStart: true,
    })
  })

  it('[UI2] text is one part, begun and ended', () => {
    expect(wire(new Story().text('Hel', 'lo').switched().text('!').end())).toEqual([
      START,
      STEP,
      ...text('t1', 'Hel', 'lo', '!'),
      ...END,
    ])
  })

  it('[UI2] the message has the id that its request named, or else the request’s', () => {
    expect(wire(new Story({ messageId: 'm7', conversationId: null }))).toEqual([
      { type: 'start', messageId: 'm7', messageMetadata: { request_id: 'r1' } },
      STEP,
    ])
  })

  it('[UI2] a chunk without text says nothing', () => {
    const [start, , chunk] = everyEvent()
    if (start === undefined || chunk?.type !== 'chunk') throw new Error('there is no chunk')
    const empty = { ...chunk, data: { ...chunk.data, chunk: '' } }
    const encoder = uiMessageStream.encoder({ model: '', includeUsage: false, batching: false })
    encoder.event('e1-1', start)
    expect(encoder.event('e1-2', empty)).toBe('')
    encoder.event('e1-3', chunk)
    expect(encoder.event('e1-4', empty)).toBe('')
  })

  it('[UI3] a tool of ours is marked as run, with what it gave back or what went wrong', () => {
    const story = new Story().text('Let me see.').call('a').call('b', { tool: 'find' })
    expect(
      wire(story.result('b', { rows: [] }).result('a', { error: 'No such day.' }, 'error').text('\n\nDone.').end()),
    ).toEqual([
      START,
      STEP,
      ...text('t1', 'Let me see.'),
      { type: 'tool-input-start', toolCallId: 'a', toolName: 'sum', providerExecuted: true },
      { type: 'tool-input-available', toolCallId: 'a', toolName: 'sum', providerExecuted: true, input: { a: 1 } },
      { type: 'tool-input-start', toolCallId: 'b', toolName: 'find', providerExecuted: true },
      { type: 'tool-input-available', toolCallId: 'b', toolName: 'find', providerExecuted: true, input: { a: 1 } },
      { type: 'tool-output-available', toolCallId: 'b', providerExecuted: true, output: { rows: [] } },
      { type: 'tool-output-error', toolCallId: 'a', providerExecuted: true, errorText: 'No such day.' },
      ...NEXT,
      ...text('t2', 'Done.'),
      ...END,
    ])
  })

  it('[UI3] input that is nested without end is no object that a client could run, and never fails the stream', () => {
    const deep = `{"a":${'['.repeat(3000)}${']'.repeat(3000)}}`
    const errorText = expect.stringContaining('not a JSON object')
    expect(wire(new Story().call('a', { external: true, arguments: deep }))).toContainEqual({
      type: 'tool-input-error',
      toolCallId: 'a',
      toolName: 'sum',
      input: deep,
      errorText,
    })
    expect(wire(new Story().call('a', { arguments: deep }))).toContainEqual(
      expect.objectContaining({ type: 'tool-input-available', toolCallId: 'a', input: { text: deep } }),
    )
  })

  it('[UI3] a tool of the caller waits for the client; its input is an object or an error', () => {
    const external = { external: true }
    const story = new Story()
      .call('a', { ...external, arguments: '' })
      .call('b', { ...external, arguments: '{"a":' })
      .call('c', { ...external, arguments: '[1]' })
    const errorText = expect.stringContaining('not a JSON object')
    expect(wire(story.end('tool_calls'))).toEqual([
      START,
      STEP,
      { type: 'tool-input-start', toolCallId: 'a', toolName: 'sum' },
      { type: 'tool-input-available', toolCallId: 'a', toolName: 'sum', input: {} },
      { type: 'tool-input-start', toolCallId: 'b', toolName: 'sum' },
      { type: 'tool-input-error', toolCallId: 'b', toolName: 'sum', input: '{"a":', errorText },
      { type: 'tool-input-start', toolCallId: 'c', toolName: 'sum' },
      { type: 'tool-input-error', toolCallId: 'c', toolName: 'sum', input: '[1]', errorText },
      { type: 'finish-step' },
      { type: 'finish', finishReason: 'tool-calls' },
      '[DONE]',
    ])
  })

  it('[UI3] input of our tools that is no JSON object is shown as it was', () => {
    expect(wire(new Story().call('a', { arguments: '{"a":' }))).toContainEqual({
      type: 'tool-input-available',
      toolCallId: 'a',
      toolName: 'sum',
      providerExecuted: true,
      input: { text: '{"a":' },
    })
  })

  it('[UI3] what went wrong in a tool is a text, however it was told', () => {
    const said = [{ error: 'No.' }, 'No.', { error: { a: 1 } }, null, [1]].map((output) =>
      wire(new Story().call('a').result('a', output, 'error')).at(-1),
    )
    const told = ['No.', 'No.', '{"error":{"a":1}}', 'null', '[1]']
    expect(said).toEqual(told.map((errorText) => expect.objectContaining({ type: 'tool-output-error', errorText })))
  })

  it('[UI3] a result of a call that was not seen is left out', () => {
    expect(wire(new Story().result('a', 1).end())).toEqual([START, STEP, ...END])
  })

  it('[UI4] what follows results is a new step, but not while another tool runs', () => {
    const types = wire(
      new Story().call('a').call('b').result('a', 1).text('So').result('b', 2).call('c').result('c', 3).call('d'),
    ).map((chunk) => (typeof chunk === 'object' && chunk !== null && 'type' in chunk ? chunk.type : chunk))
    expect(types).toEqual([
      'start',
      'start-step',
      ...['tool-input-start', 'tool-input-available', 'tool-input-start', 'tool-input-available'],
      'tool-output-available',
      ...['text-start', 'text-delta', 'text-end'],
      'tool-output-available',
      ...['finish-step', 'start-step', 'tool-input-start', 'tool-input-available', 'tool-output-available'],
      ...['finish-step', 'start-step', 'tool-input-start', 'tool-input-available'],
    ])
  })

  it('[UI5] a consultation is one part by its id, at its start and its end', () => {
    const data = { specialist: 'sleep', title: 'Sleep', question: 'why?', cost: 0.5 }
    const story = new Story().text('I ask.').consult('run-1').consulted('run-1', 'Because.').text('\n\nSo.').end()
    expect(wire(story)).toEqual([
      START,
      STEP,
      ...text('t1', 'I ask.'),
      {
        type: 'data-specialist',
        id: 'run-1',
        data: { ...data, status: 'started', content: null, duration: null },
      },
      {
        type: 'data-specialist',
        id: 'run-1',
        data: { ...data, status: 'completed', content: 'Because.', duration: 1.5 },
      },
      ...NEXT,
      ...text('t2', 'So.'),
      ...END,
    ])
  })

  it('[UI6] a cancelled answer ends with `abort`, a failed one with the sentence; what ran is closed first', () => {
    const begun = (): Story => new Story().call('a').consult('run-1').text('Hm')
    const closed = [
      { type: 'text-end', id: 't1' },
      {
        type: 'tool-output-error',
        toolCallId: 'a',
        providerExecuted: true,
        errorText: 'The request ended before this tool gave a result.',
      },
      expect.objectContaining({
        type: 'data-specialist',
        id: 'run-1',
        data: expect.objectContaining({ status: 'failed' }),
      }),
      { type: 'finish-step' },
    ]
    expect(wire(begun().cancel()).slice(-6)).toEqual([...closed, { type: 'abort' }, '[DONE]'])
    const failed = { type: 'error', errorText: 'The provider broke off.' }
    expect(wire(begun().fail('The provider broke off.')).slice(-6)).toEqual([...closed, failed, '[DONE]'])
  })

  it('[UI6] the reason of the end is one that all versions know', () => {
    const reasons = ['stop', 'length', 'content_filter', 'tool_calls', 'other', 'interrupted', 'toString', '']
    expect(reasons.map((reason) => wire(new Story().end(reason)).at(-2))).toEqual(
      ['stop', 'length', 'content-filter', 'tool-calls', 'other', 'other', 'other', 'other'].map((finishReason) => ({
        type: 'finish',
        finishReason,
      })),
    )
  })

  it('[UI2] the id of an event is on its last block, and `[DONE]` follows every end and nothing else', () => {
    fc.assert(
      fc.property(uiLogArb, (log) => {
        const encoder = uiMessageStream.encoder({ model: '', includeUsage: false, batching: false })
        for (const { seq, event } of log) {
          const blocks = eventsOf(encoder.event(`e1-${seq}`, event))
          expect(blocks.map(({ id }) => id)).toEqual(
            blocks.map((_, i) => (i === blocks.length - 1 ? `e1-${seq}` : undefined)),
          )
          expect(blocks.at(-1)?.data === '[DONE]').toBe(isTerminal(event))
        }
      }),
    )
  })

  it('[DI7] no event fails the encoder, and one without an id has none', () => {
    const encoder = uiMessageStream.encoder({ model: '', includeUsage: false, batching: false })
    const all = everyEvent().map((event) => encoder.event(null, event))
    expect(all.join('')).not.toContain('id: ')
    expect(encoder.heartbeat(0)).toBe(': open\n\n')
  })
})

describe.each(UI_CLIENTS)('the UI message stream as $version reads it', (client) => {
  it('[UI1] an answer with tools, a specialist and text is one message', async () => {
    const story = new Story({ messageId: 'm7' })
      .text('I ', 'look.')
      .call('a')
      .call('b')
      .result('a', { n: [1, null] })
      .result('b', 'No such day.', 'error')
      .consult('run-1')
      .consulted('run-1', 'Because.')
      .text('\n\nSo.')
      .call('c', { tool: 'where', external: true })
      .end('tool_calls')
    const { message, chunks, errors } = await client.read(encoded(story.log))
    expect(errors).toEqual([])
    expect(chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'tool-calls' })
    const ours = { type: 'tool-sum', providerExecuted: true, input: { a: 1 } }
    expect(message).toEqual({
      id: 'm7',
      role: 'assistant',
      metadata: { request_id: 'r1', conversation_id: 'c1' },
      parts: [
        { type: 'step-start' },
        { type: 'text', text: 'I look.', state: 'done' },
        { ...ours, toolCallId: 'a', state: 'output-available', output: { n: [1, null] } },
        { ...ours, toolCallId: 'b', state: 'output-error', errorText: 'No such day.' },
        { type: 'step-start' },
        {
          type: 'data-specialist',
          id: 'run-1',
          data: {
            specialist: 'sleep',
            title: 'Sleep',
            status: 'completed',
            question: 'why?',
            content: 'Because.',
            duration: 1.5,
            cost: 0.5,
          },
        },
        { type: 'step-start' },
        { type: 'text', text: 'So.', state: 'done' },
        { type: 'tool-where', toolCallId: 'c', state: 'input-available', input: { a: 1 } },
      ],
    })
  })

  it('[UI6] a failed answer keeps its text and tells the sentence', async () => {
    const { message, errors } = await client.read(encoded(new Story().text('Half').fail('Try again.').log))
    expect(errors).toEqual(['Try again.'])
    expect(message?.parts).toContainEqual({ type: 'text', text: 'Half', state: 'done' })
  })

  it('[UI1] every stream is one that its schema takes, and every message one that it would load again', async () => {
    await fc.assert(
      fc.asyncProperty(uiLogArb, async (log) => {
        const { chunks, message } = await client.read(encoded(log))
        expect(chunks.length).toBe(eventsOf(encoded(log)).filter(({ data }) => data !== '[DONE]').length)
        if (message !== null) await client.validate([message])
      }),
      { numRuns: 150 },
    )
  })

  it('[UI7] the compacted beginning and the rest make the same message, wherever it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(uiLogArb, fc.nat(), async (log, cut) => {
        const at = cut % (log.length + 1)
        const resumed = [...compactOf(log.slice(0, at)).events(), ...log.slice(at)]
        const [whole, joined] = await Promise.all([client.read(encoded(log)), client.read(encoded(resumed))])
        expect(joined.message).toEqual(whole.message)
        expect(joined.errors).toEqual(whole.errors)
      }),
      { numRuns: 100 },
    )
  })

  it('[UI7] text comes through as it was, broken characters too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(textArb), async (pieces) => {
        const { message } = await client.read(encoded(new Story().text(...pieces).end().log))
        expect(textOf(message)).toBe(pieces.join(''))
      }),
      { numRuns: 30 },
    )
  })
})

function textOf(message: Message | null): string {
  return (message?.parts ?? []).map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('')
}
