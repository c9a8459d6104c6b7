import { describe, expect, it } from 'vitest'
import type { StartCommand } from '../../src/core/commands.ts'
import { commandOf } from '../../src/dialects/ui-request.ts'
import { type Asked, fetchOf, type Message, UI_CLIENTS } from '../support/ui-clients.ts'
import { encoded, Story } from '../support/ui-logs.ts'

/** The answer of a request as its stream. */
function answer(requestId: string, text: string, more: { messageId?: string } = {}): string {
  return encoded(new Story({ requestId, ...more }).text(text).end().log)
}

function commands(asked: readonly Asked[]): readonly StartCommand[] {
  return asked.map(({ body }) => commandOf(body))
}

function texts(messages: readonly Message[]): readonly string[] {
  return messages.map(({ parts }) => parts.map(({ text }) => (typeof text === 'string' ? text : '')).join('|'))
}

/** A call of a tool that the client has. */
function asksFor(requestId: string, callId: string, more: { messageId?: string } = {}): string {
  const story = new Story({ requestId, ...more }).text('I look.')
  return encoded(
    story.call(callId, { tool: 'where', arguments: '{"near":"me"}', external: true }).end('tool_calls').log,
  )
}

const question = { role: 'user', content: 'Where am I?' }
const look = { id: 'call-1', name: 'where', arguments: '{"near":"me"}' }
const looked = { role: 'assistant', content: 'I look.', toolCalls: [look] }

describe.each(UI_CLIENTS)('a chat of $version', (client) => {
  it('[UI8] asks with all its messages; the last is the prompt, the others its history', async () => {
    const { fetch, asked } = fetchOf([answer('r1', 'A flood.'), answer('r2', 'In spring.')])
    const chat = client.chat({ fetch, id: 'c1', body: { agent: 'health', time_zone: 'Europe/Zurich' } })
    await chat.send({ text: 'What is a freshet?' })
    await chat.send({ text: 'When?' })
    expect(chat).toMatchObject({ status: 'ready', error: null })
    expect(asked.map(({ url, method }) => `${method} ${url}`)).toEqual(['POST /api/chat', 'POST /api/chat'])
    const [first, second] = commands(asked)
    expect(first).toMatchObject({ prompt: 'What is a freshet?', history: null, conversationId: 'c1', answerId: null })
    expect(first).toMatchObject({ agent: 'health', timeZone: 'Europe/Zurich', config: { timeout: 300 } })
    expect(second).toMatchObject({
      prompt: 'When?',
      history: [
        { role: 'user', content: 'What is a freshet?' },
        { role: 'assistant', content: 'A flood.' },
      ],
      after: [],
      messageId: chat.messages[2]?.id,
      streamConfig: { cache: 'on' },
    })
    expect(first?.requestId).toMatch(/^c1:.+/)
    expect(second?.requestId).not.toBe(first?.requestId)
    expect(chat.messages.map(({ id }) => id).filter((_, i) => i % 2 === 1)).toEqual(['r1', 'r2'])
  })

  it('[UI9] an edited message keeps its id and is another request; the same words are the same one', async () => {
    const { fetch, asked } = fetchOf(['r1', 'r2', 'r3', 'r4'].map((id) => answer(id, id)))
    const chat = client.chat({ fetch, id: 'c1' })
    await chat.send({ text: 'Hi' })
    await chat.send({ text: 'Who?' })
    const messageId = chat.messages[2]?.id ?? ''
    await chat.send({ text: 'Why?', messageId })
    await chat.send({ text: 'Who?', messageId })
    expect(texts(chat.messages)).toEqual(['Hi', '|r1', 'Who?', '|r4'])
    const [, who, why, again] = commands(asked)
    expect(why).toMatchObject({ prompt: 'Why?', messageId, history: who?.history })
    expect(why?.requestId).not.toBe(who?.requestId)
    expect(again?.requestId).toBe(who?.requestId)
  })

  it('[UI9] a regenerated answer is a request of its own, not from the cache', async () => {
    const { fetch, asked } = fetchOf(['r1', 'r2', 'r3'].map((id) => answer(id, id)))
    const chat = client.chat({ fetch, id: 'c1' })
    await chat.send({ text: 'Hi' })
    await chat.regenerate()
    await chat.regenerate(chat.messages[1]?.id)
    expect(texts(chat.messages)).toEqual(['Hi', '|r3'])
    const [first, ...others] = commands(asked)
    for (const again of others) {
      const { messageId, prompt } = first ?? {}
      expect(again).toMatchObject({ requestId: null, answerId: null, after: [], history: null, messageId, prompt })
      expect(again.streamConfig.cache).toBe('off')
    }
  })

  it('[UI8] results of tools that the client ran go on with the same answer, which stays one message', async () => {
    const { fetch, asked } = fetchOf([
      asksFor('r1', 'call-1'),
      asksFor('r2', 'call-2', { messageId: 'r1' }),
      answer('r3', 'In Zürich.', { messageId: 'r1' }),
    ])
    const chat = client.chat({ fetch, id: 'c1', sendsResults: true })
    await chat.send({ text: 'Where am I?' })
    await chat.output('where', 'call-1', { city: 'Zürich' })
    await expect.poll(() => chat.status === 'ready' && asked.length).toBe(2)
    await chat.output('where', 'call-2', 'nowhere else')
    await expect.poll(() => chat.status === 'ready' && asked.length).toBe(3)
    expect(chat.toldCalls).toEqual(['call-1', 'call-2'])
    expect(texts(chat.messages)).toEqual(['Where am I?', '|I look.|||I look.|||In Zürich.'])
    expect(chat.messages[1]?.id).toBe('r1')
    const [first, second, third] = commands(asked)
    const found = { role: 'tool', callId: 'call-1', name: 'where', content: '{"city":"Zürich"}' }
    const messageId = chat.messages[0]?.id
    expect(second).toMatchObject({
      prompt: question.content,
      history: null,
      after: [looked, found],
      answerId: 'r1',
      messageId,
    })
    expect(third?.after).toEqual([
      looked,
      found,
      { ...looked, toolCalls: [{ ...look, id: 'call-2' }] },
      { role: 'tool', callId: 'call-2', name: 'where', content: 'nowhere else' },
    ])
    expect(new Set([first, second, third].map((command) => command?.requestId)).size).toBe(3)
  })

  it('[UI9] results for a regenerated answer are no repetition of those for the first', async () => {
    const { fetch, asked } = fetchOf([
      asksFor('r1', 'call-1'),
      answer('r2', 'Here.', { messageId: 'r1' }),
      asksFor('r3', 'call-1'),
      answer('r4', 'Here.', { messageId: 'r3' }),
    ])
    const chat = client.chat({ fetch, id: 'c1', sendsResults: true })
    await chat.send({ text: 'Where am I?' })
    await chat.output('where', 'call-1', 'here')
    await expect.poll(() => chat.status === 'ready' && asked.length).toBe(2)
    await chat.regenerate()
    await chat.output('where', 'call-1', 'here')
    await expect.poll(() => chat.status === 'ready' && asked.length).toBe(4)
    const [, second, , fourth] = commands(asked)
    expect(second?.requestId).not.toBeNull()
    expect(fourth?.requestId).not.toBeNull()
    expect(fourth?.requestId).not.toBe(second?.requestId)
  })

  it('[UI3] a call with input that is no JSON object goes back to the model as failed', async () => {
    const story = new Story().call('call-1', { tool: 'where', arguments: '{"near":', external: true }).end('tool_calls')
    const { fetch, asked } = fetchOf([encoded(story.log), answer('r2', 'Sorry.', { messageId: 'r1' })])
    const chat = client.chat({ fetch, id: 'c1', sendsResults: true })
    await chat.send({ text: 'Where am I?' })
    expect(asked).toHaveLength(2)
    expect(chat.toldCalls).toEqual([])
    expect(commands(asked)[1]?.after).toEqual([
      { role: 'assistant', content: '', toolCalls: [{ id: 'call-1', name: 'where', arguments: '{"near":' }] },
      {
        role: 'tool',
        callId: 'call-1',
        name: 'where',
        content: expect.stringMatching(/^{"error":".*not a JSON object.*"}$/),
      },
    ])
  })

  it.each([
    ['an answer follows', (story: Story) => story.text('Done.').end()],
    ['the request ends with them', (story: Story) => story.end()],
    ['the request is cancelled', (story: Story) => story.cancel()],
    ['the request is cancelled while one runs', (story: Story) => story.call('b').cancel()],
  ])('[UI3] tools of ours are neither run nor sent again by the client when %s', async (_, rest) => {
    const { fetch, asked } = fetchOf([encoded(rest(new Story().call('a').result('a', 1)).log)])
    const chat = client.chat({ fetch, id: 'c1', sendsResults: true })
    await chat.send({ text: 'Hi' })
    expect(chat).toMatchObject({ status: 'ready', error: null, toldCalls: [] })
    expect(asked).toHaveLength(1)
    expect(chat.messages).toHaveLength(2)
  })

  it('[UI8] what our tools and specialists did is told to the model with the next message', async () => {
    const story = new Story()
      .text('I look.')
      .call('a')
      .result('a', { n: 1 })
      .call('b')
      .result('b', { error: 'No.' }, 'error')
    const rest = story.consult('run-1').text('Hm.').consulted('run-1', 'Yes.').text('\n\nOne.').end()
    const { fetch, asked } = fetchOf([encoded(rest.log), answer('r2', 'Bye.')])
    const chat = client.chat({ fetch, id: 'c1' })
    await chat.send({ text: 'How many?' })
    await chat.send({ text: 'Thanks' })
    const sum = { name: 'sum', arguments: '{"a":1}' }
    expect(commands(asked)[1]?.history).toEqual([
      { role: 'user', content: 'How many?' },
      { role: 'assistant', content: 'I look.', toolCalls: [{ ...sum, id: 'a' }] },
      { role: 'tool', callId: 'a', name: 'sum', content: '{"n":1}' },
      { role: 'assistant', content: '', toolCalls: [{ ...sum, id: 'b' }] },
      { role: 'tool', callId: 'b', name: 'sum', content: '{"error":"No."}' },
      { role: 'assistant', content: 'Hm.' },
      { role: 'assistant', content: 'One.' },
    ])
  })

  it('[UI6] a failed answer is the chat’s error; it can be asked for anew', async () => {
    const { fetch, asked } = fetchOf([encoded(new Story().text('Half').fail('Try again.').log), answer('r2', 'Whole')])
    const chat = client.chat({ fetch, id: 'c1' })
    await chat.send({ text: 'Hi' })
    expect(chat).toMatchObject({ status: 'error', error: 'Try again.' })
    expect(texts(chat.messages)).toEqual(['Hi', '|Half'])
    await chat.regenerate()
    expect(chat).toMatchObject({ status: 'ready', error: null })
    expect(texts(chat.messages)).toEqual(['Hi', '|Whole'])
    expect(commands(asked)[1]).toMatchObject({ requestId: null, prompt: 'Hi' })
  })

  it('[UI7] a chat that was loaded again resumes the answer from its start, in place of what it has of it', async () => {
    const log = new Story().text('Hel', 'lo').call('a').result('a', 1).text('\n\nDone.').end().log
    const { fetch, asked } = fetchOf([encoded(log)])
    const messages: readonly Message[] = [
      { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      {
        id: 'r1',
        role: 'assistant',
        parts: [{ type: 'step-start' }, { type: 'text', text: 'Hel', state: 'streaming' }],
      },
    ]
    const chat = client.chat({ fetch, id: 'c 1', messages })
    await chat.resume()
    expect(chat.status).toBe('ready')
    expect(asked.map(({ url, method }) => `${method} ${url}`)).toEqual(['GET /api/chat/c%201/stream'])
    expect(texts(chat.messages)).toEqual(['Hi', '|Hello|||Done.'])
    await chat.resume()
    expect(chat).toMatchObject({ status: 'ready', error: null })
    expect(chat.messages).toHaveLength(2)
  })
})
