import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientIdSchema } from '../../src/core/commands.ts'
import { FreshetError } from '../../src/core/errors.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { commandOf } from '../../src/dialects/ui-request.ts'

const text = (words: string): object => ({ type: 'text', text: words })
const user = (words: string, id = 'm1'): object => ({ id, role: 'user', parts: [text(words)] })
const assistant = (...parts: readonly object[]): object => ({ id: 'a1', role: 'assistant', parts })
const call = (state: string, more: object = {}): object => {
  return { type: 'tool-where', toolCallId: 'call-1', state, input: { near: 'me' }, ...more }
}
const STEP = { type: 'step-start' }

/** What is wrong with a body, by code and sentence. */
function refusal(body: unknown): FreshetError {
  try {
    commandOf(body)
  } catch (error) {
    if (error instanceof FreshetError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('a request of D7', () => {
  it('[UI8] one message alone goes on with the hub’s own conversation', () => {
    const expected = { prompt: 'Hi', history: null, after: [], conversationId: 'c1', messageId: 'm1', answerId: null }
    expect(commandOf({ id: 'c1', message: user('Hi') })).toMatchObject(expected)
    expect(commandOf({ id: 'c1', messages: [user('Hi')], trigger: 'submit-message' })).toMatchObject(expected)
    expect(commandOf({ id: 'c1', message: user('Hi') })).toEqual(commandOf({ id: 'c1', messages: [user('Hi')] }))
  })

  it('[UI8] Freshet’s own fields', () => {
    const own = { agent: 'todo', request_id: 'r-1', time_zone: 'Asia/Tokyo', config: { cost_limit: 0.5, timeout: 9 } }
    expect(commandOf({ id: 'c1', message: user('Hi'), ...own, user_id: 'u', tab: 3 })).toMatchObject({
      agent: 'todo',
      requestId: 'r-1',
      timeZone: 'Asia/Tokyo',
      config: { cost_limit: 0.5, timeout: 9, routing_strategy: 'intelligent' },
    })
    const none = { agent: null, request_id: null, time_zone: null, config: null, tools: null, trigger: null }
    const plain = commandOf({ id: 'c1', message: user('Hi') })
    expect(commandOf({ id: 'c1', message: user('Hi'), messages: null, ...none })).toEqual(plain)
    expect(plain).toMatchObject({ agent: 'assistant', timeZone: null, tools: [], config: { timeout: 300 } })
    const regenerated = { id: 'c1', message: user('Hi'), trigger: 'regenerate-message' }
    expect(commandOf(regenerated).requestId).toBeNull()
    expect(commandOf({ ...regenerated, request_id: 'r-1' }).requestId).toBe('r-1')
    expect(commandOf({ ...regenerated, config: { speed_priority: false } }).config.timeout).toBe(300)
  })

  it('[UI8] tools as a list and as a map, with either name for their schema', () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } }
    const specs = [
      { name: 'where', description: 'Where.', parameters: schema },
      { name: 'now', description: '', parameters: { type: 'object', properties: {} } },
    ]
    const list = [{ name: 'where', description: 'Where.', inputSchema: schema }, { name: 'now' }]
    const map = { where: { description: 'Where.', parameters: schema }, now: { description: null, inputSchema: {} } }
    expect(commandOf({ id: 'c1', message: user('Hi'), tools: list }).tools).toEqual(specs)
    expect(commandOf({ id: 'c1', message: user('Hi'), tools: map }).tools).toEqual(specs)
  })

  it.each<readonly [string, unknown, string]>([
    ['a list', [{ name: 'a b' }], 'tools.0.name'],
    ['a list', [{ name: 'a' }, { name: 'a' }], 'same name'],
    ['a list', [{ name: 'a', parameters: { type: 'array' } }], 'tools.0.parameters'],
    ['a list', [{ name: 'a', parameters: { x: 'x'.repeat(LIMITS.toolSchemaChars) } }], 'at most'],
    ['a list', Array.from({ length: LIMITS.callerTools + 1 }, (_, i) => ({ name: `t${i}` })), 'at most'],
    ['a map', { 'a b': {} }, 'tools.a b'],
    ['a map', { a: 1 }, 'tools.a'],
    ['neither', 'a', 'tools'],
  ])('[UI10] tools that cannot be called are refused: %s', (_, tools, words) => {
    const { code, message } = refusal({ id: 'c1', message: user('Hi'), tools })
    expect({ code, message }).toEqual({ code: 'bad_request', message: expect.stringContaining(words) })
  })

  it('[UI8] the user’s last message is the prompt, a line for each of its texts; what a model need not know is left out', () => {
    const parts = [text('One'), { type: 'data-place', data: { city: 'Zürich' } }, text('Two')]
    const others = [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'source-url', sourceId: 's', url: 'https://example.org' },
      { type: 'data-specialist', id: 'run-1', data: {} },
      { type: 'custom', kind: 'x.y' },
    ]
    const messages = [
      { id: 's1', role: 'system', parts: [text('Be brief.')] },
      user('Before', 'm0'),
      assistant(STEP, text('Yes.'), ...others, text('No.'), STEP, STEP, text('')),
      { id: 'm1', role: 'user', parts },
    ]
    expect(commandOf({ id: 'c1', messages })).toMatchObject({
      prompt: 'One\nTwo',
      history: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Before' },
        { role: 'assistant', content: 'Yes.\n\nNo.' },
      ],
    })
  })

  it('[UI8] what tools gave back, in every state', () => {
    const said = (part: object): unknown => {
      const after = commandOf({ id: 'c1', messages: [user('Hi'), assistant(part)] }).after
      return after.map((turn) => (turn.role === 'assistant' ? turn.toolCalls?.[0]?.arguments : turn.content))
    }
    expect(said(call('output-available', { output: { n: 1 } }))).toEqual(['{"near":"me"}', '{"n":1}'])
    expect(said(call('output-available', { output: 'here' }))).toEqual(['{"near":"me"}', 'here'])
    expect(said(call('output-available'))).toEqual(['{"near":"me"}', 'null'])
    expect(said(call('output-error', { errorText: 'No.' }))).toEqual(['{"near":"me"}', '{"error":"No."}'])
    expect(said(call('output-denied'))).toEqual(['{"near":"me"}', '{"error":"The user did not allow this call."}'])
    const raw = call('output-error', { input: undefined, rawInput: '{"near":', errorText: 'No.' })
    expect(said(raw)).toEqual(['{"near":', '{"error":"No."}'])
    expect(said(call('output-available', { type: 'dynamic-tool', toolName: 'where', input: null }))).toEqual([
      '{}',
      'null',
    ])
    const long = 'x'.repeat(LIMITS.toolOutputChars + 1)
    expect(said(call('output-available', { output: long }))).toEqual([
      '{"near":"me"}',
      `${long.slice(1)}... [truncated]`,
    ])
  })

  it('[UI8] a call that nobody answered is not told again', () => {
    const messages = [
      user('Before', 'm0'),
      assistant(STEP, text('I look.'), call('input-available'), call('output-error', { toolCallId: 'call-2' })),
      assistant(STEP, call('input-streaming'), call('approval-requested')),
      user('Hi'),
    ]
    expect(commandOf({ id: 'c1', messages }).history).toEqual([
      { role: 'user', content: 'Before' },
      {
        role: 'assistant',
        content: 'I look.',
        toolCalls: [{ id: 'call-2', name: 'where', arguments: '{"near":"me"}' }],
      },
      { role: 'tool', callId: 'call-2', name: 'where', content: '{"error":"The tool failed."}' },
    ])
  })

  it.each<readonly [string, readonly object[], string]>([
    ['an answer that waits for nothing', [assistant(text('Yes.'))], 'an answer already'],
    ['tools and then text', [assistant(STEP, call('output-available'), STEP, text('Yes.'))], 'an answer already'],
    ['an instruction', [assistant(call('output-available')), { role: 'system', parts: [] }], 'an answer already'],
    ['nothing', [assistant()], 'an answer already'],
    ['a call without a result', [assistant(call('output-available'), call('input-available'))], 'no result yet'],
  ])('[UI10] after the prompt there cannot be %s; when asked anew, it does not count', (_, rest, words) => {
    const body = { id: 'c1', messages: [user('Hi'), ...rest] }
    expect(refusal(body)).toMatchObject({ code: 'bad_request', message: expect.stringContaining(words) })
    const anew = commandOf({ ...body, trigger: 'regenerate-message' })
    expect(anew).toMatchObject({ prompt: 'Hi', after: [], answerId: null, history: null })
  })

  it.each<readonly [string, unknown, string, string]>([
    ['no conversation', { messages: [user('Hi')] }, 'bad_request', '`id`'],
    ['an id that fits no URL', { id: 'c 1', messages: [user('Hi')] }, 'bad_request', '`id`'],
    ['no message', { id: 'c1', messages: [] }, 'bad_request', 'no message of the user'],
    ['no message at all', { id: 'c1' }, 'bad_request', 'no message of the user'],
    [
      'results alone',
      { id: 'c1', message: assistant(call('output-available')) },
      'bad_request',
      'no message of the user',
    ],
    ['no text', { id: 'c1', messages: [user(' \n')] }, 'empty_prompt', 'no text'],
    ['too much', { id: 'c1', messages: [user('x'.repeat(LIMITS.promptChars + 1))] }, 'prompt_too_long', 'at most'],
    [
      'a file',
      { id: 'c1', message: { role: 'user', parts: [text('See'), { type: 'file', url: 'x' }] } },
      'bad_request',
      'Files',
    ],
    [
      'an image before',
      { id: 'c1', messages: [{ role: 'user', parts: [{ type: 'image' }] }, user('Hi')] },
      'bad_request',
      'Files',
    ],
    ['an unknown trigger', { id: 'c1', messages: [user('Hi')], trigger: 'resume-stream' }, 'bad_request', '`trigger`'],
    ['a strange role', { id: 'c1', messages: [{ role: 'tool', parts: [] }] }, 'bad_request', '`messages.0.role`'],
    ['no parts', { id: 'c1', message: { role: 'user', content: 'Hi' } }, 'bad_request', '`message.parts`'],
    [
      'a text without text',
      { id: 'c1', message: { role: 'user', parts: [text('Hi'), { type: 'text' }] } },
      'bad_request',
      '`message.parts.1.text`',
    ],
    ['a call without id', { id: 'c1', message: assistant(call('x', { toolCallId: '' })) }, 'bad_request', 'toolCallId'],
    [
      'an answer whose id cannot be kept',
      { id: 'c1', messages: [user('Hi'), { ...assistant(call('output-available')), id: 'a 1' }] },
      'bad_request',
      '`id` of the last message',
    ],
    [
      'a timeout out of reach',
      { id: 'c1', message: user('Hi'), config: { timeout: 1e9 } },
      'bad_request',
      'config.timeout',
    ],
  ])('[UI10] is refused with a sentence: %s', (_, body, code, words) => {
    expect(refusal(body)).toMatchObject({ code, message: expect.stringContaining(words) })
  })

  it('[UI10] history is bounded from a user’s message on; instructions stay', () => {
    const messages: object[] = [{ id: 's1', role: 'system', parts: [text('Be brief.')] }]
    for (let i = 0; i < LIMITS.historyMessages; i++) {
      messages.push(user(`u${i}`), assistant(STEP, call('output-available', { output: i }), STEP, text(`a${i}`)))
    }
    const { history } = commandOf({ id: 'c1', messages: [...messages, user('Hi')] })
    const turns = history ?? []
    expect(turns.length).toBeLessThanOrEqual(LIMITS.historyMessages)
    expect(turns.length).toBeGreaterThan(LIMITS.historyMessages - 4)
    expect(turns.slice(0, 2).map(({ role }) => role)).toEqual(['system', 'user'])
    expect(turns.at(-1)).toEqual({ role: 'assistant', content: `a${LIMITS.historyMessages - 1}` })
  })

  it('[UI9] the id of a request is one that a client may give, and tells bodies apart by what is asked', () => {
    const idArb = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_.:-]{1,70}$/), fc.string({ maxLength: 5 }))
    const bodyArb = fc.record({
      id: fc.stringMatching(/^[A-Za-z0-9_.:-]{1,70}$/),
      messageId: idArb,
      words: fc.constantFrom('Why?', 'Why', 'Wer?', '🌊'),
      output: fc.constantFrom(null, 1, 2),
    })
    const bodyOf = ({
      id,
      messageId,
      words,
      output,
    }: typeof bodyArb extends fc.Arbitrary<infer T> ? T : never): object => {
      const answer = output === null ? [] : [assistant(call('output-available', { output }))]
      return { id, messages: [user(words, messageId), ...answer] }
    }
    fc.assert(
      fc.property(bodyArb, bodyArb, (one, other) => {
        const { requestId, messageId } = commandOf(bodyOf(one))
        expect(messageId === null || clientIdSchema.safeParse(messageId).success).toBe(true)
        if (requestId !== null) expect(clientIdSchema.safeParse(requestId).success).toBe(true)
        const fits = messageId !== null && one.id.length + one.messageId.length < LIMITS.idChars - 12
        if (fits) expect(requestId).not.toBeNull()
        expect(commandOf(bodyOf(one)).requestId).toBe(requestId)
        const changed = commandOf(bodyOf({ ...one, words: other.words, output: other.output })).requestId
        const same = one.words === other.words && one.output === other.output
        if (requestId !== null) expect(changed === requestId).toBe(same)
      }),
      { numRuns: 300 },
    )
  })

  it('[UI10] whatever is wrong with a body, it is refused as Freshet refuses', () => {
    const good = {
      id: 'c1',
      trigger: 'submit-message',
      messages: [user('Before', 'm0'), assistant(STEP, text('Yes.'), call('output-available')), user('Hi')],
      tools: [{ name: 'where', description: '', parameters: {} }],
      config: { timeout: 3 },
      agent: 'health',
      request_id: 'r1',
    }
    expect(commandOf(good).prompt).toBe('Hi')
    const wrongArb = fc.json({ maxDepth: 3 }).map((json): unknown => JSON.parse(json))
    let refused = 0
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), wrongArb, fc.boolean(), (picks, wrong, whole) => {
        const body = whole ? wrong : withWrong(good, picks, wrong)
        try {
          const command = commandOf(body)
          expect(command.prompt.trim()).not.toBe('')
        } catch (error) {
          expect(error).toBeInstanceOf(FreshetError)
          refused += 1
        }
      }),
      { numRuns: 400 },
    )
    expect(refused).toBeGreaterThan(200)
  })
})

/** A value with something wrong in one place of it, on any level. */
function withWrong(value: unknown, picks: Iterator<number>, wrong: unknown): unknown {
  const pick = picks.next().value ?? 0
  if (typeof value !== 'object' || value === null || pick % 5 === 0) return wrong
  if (Array.isArray(value)) {
    return value.map((item: unknown, i) => (i === pick % value.length ? withWrong(item, picks, wrong) : item))
  }
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, item], i) => [key, i === pick % entries.length ? withWrong(item, picks, wrong) : item]),
  )
}
