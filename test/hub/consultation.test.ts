import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { ProviderFailure } from '../../src/core/model.ts'
import { act, agentOf, call, done, heart, outputsIn, say, sleeper, sum, told } from '../support/agent-runs.ts'

const LEAD = agentOf({ specialists: [sleeper, heart], tools: [sum] })
const ASK = call('consult_sleep_lab', { question: ' Why so tired? ' }, 'q')

describe('a consultation', () => {
  it('[AG4] is told by its start and its end, and what was found is told to the lead', async () => {
    const acted = await act({
      agent: LEAD,
      command: { language: 'de', sampling: { seed: 1 } },
      turns: [
        [ASK, done()],
        [say('Sleep more.'), done()],
      ],
      specialists: {
        'sleep-lab': [
          say('Too '),
          { type: 'alive' },
          say('late.'),
          done('stop', { input_tokens: 5, output_tokens: 6 }),
        ],
      },
    })
    expect(told(acted.parts)).toEqual([
      'q sleep-lab started',
      'alive',
      'q sleep-lab completed',
      'Sleep more.',
      'finish: stop',
    ])
    const names = { run_id: 'q', specialist: 'sleep-lab', title: 'Sleep lab', question: 'Why so tired?' }
    const open = { content: null, duration: null, usage: null, cost: 0, cost_estimated: false, error_type: null }
    expect(acted.parts[0]).toEqual({ type: 'specialist', told: { ...names, ...open, status: 'started' } })
    const end = { content: 'Too late.', usage: { input_tokens: 5, output_tokens: 6 }, cost: 2, status: 'completed' }
    expect(acted.parts[2]).toMatchObject({ told: { ...names, ...end, cost_estimated: false, error_type: null } })
    expect(outputsIn(acted.requests[1])).toEqual([['q', '{"finding":"Too late."}']])
    // The answer's own usage is the lead's.
    expect(acted.parts.at(-1)).toMatchObject({ usage: { input_tokens: 2, output_tokens: 4 } })
  })

  it('[AG4] the specialist sees its instructions and the question alone, and gets no tools', async () => {
    const { consulted } = await act({
      agent: LEAD,
      command: { language: 'de', sampling: { seed: 1 }, tools: [{ name: 't', description: '', parameters: {} }] },
      history: [{ role: 'user', content: 'earlier' }],
      turns: [[ASK, done()]],
    })
    expect(consulted).toEqual([
      {
        messages: [
          { role: 'system', content: 'You sleep.' },
          { role: 'user', content: 'Why so tired?' },
        ],
        tools: [],
        toolChoice: 'none',
        sampling: {},
        task: 'question',
        language: 'de',
        prefix: null,
      },
    ])
  })

  it('[AG4] one that fails is told as failed, with what it said until then, and the lead answers without', async () => {
    const failure = new ProviderFailure('provider_rate_limited', 'words of the provider')
    const acted = await act({
      agent: LEAD,
      turns: [
        [ASK, done()],
        [say('I cannot say.'), done()],
      ],
      specialists: { 'sleep-lab': [say('Per'), failure] },
    })
    expect(acted.thrown).toBeNull()
    expect(acted.parts[1]).toMatchObject({
      told: { status: 'failed', error_type: 'provider_rate_limited', content: 'Per', usage: null, cost: 2 },
    })
    const [output] = outputsIn(acted.requests[1])
    expect(output?.[1]).toMatch(/^\{"error":"Sleep lab could not be reached/)
    expect(JSON.stringify([acted.parts, acted.requests])).not.toContain('words of the provider')
    expect(told(acted.parts).slice(2)).toEqual(['I cannot say.', 'finish: stop'])
  })

  it('[GE10] a stream without a finish is a cut one: it failed', async () => {
    const acted = await act({ agent: LEAD, turns: [[ASK, done()]], specialists: { 'sleep-lab': [say('Per')] } })
    expect(acted.parts[1]).toMatchObject({ told: { status: 'failed', error_type: 'provider_cut', content: 'Per' } })
    expect(outputsIn(acted.requests[1])[0]?.[1]).toContain('could not be reached')
  })

  it('[AG4] what is no failure of a provider is no consultation that failed: it ends the request', async () => {
    const bug = new TypeError('bug')
    const acted = await act({ agent: LEAD, turns: [[ASK, done()]], specialists: { 'sleep-lab': [bug] } })
    expect(acted.thrown).toBe(bug)
    expect(told(acted.parts)).toEqual(['q sleep-lab started'])
  })

  it('[AG4] a specialist that calls tools, though it has none, is heard for its words alone', async () => {
    const acted = await act({
      agent: LEAD,
      turns: [[ASK, done()]],
      specialists: {
        'sleep-lab': [
          call('sum', { a: 1 }),
          say('Well.'),
          call('consult_heart', { question: 'x' }),
          done('tool_calls'),
        ],
      },
    })
    expect(told(acted.parts)).toEqual(['q sleep-lab started', 'q sleep-lab completed', 'finish: stop'])
    expect(acted.consulted).toHaveLength(1)
    expect(outputsIn(acted.requests[1])).toEqual([['q', '{"finding":"Well."}']])
  })

  it.each([
    ['no JSON', '{"question":'],
    ['without a question', '{}'],
    ['an empty one', '{"question":"  "}'],
    ['no text', '{"question":5}'],
    ['too long', `{"question":"${'x'.repeat(10_001)}"}`],
  ])('[AG3] a question that cannot be asked is told to the lead, and nobody is asked: %s', async (_, args) => {
    const acted = await act({
      agent: LEAD,
      turns: [
        [call('consult_heart', args), done()],
        [say('So.'), done()],
      ],
    })
    expect(told(acted.parts)).toEqual(['So.', 'finish: stop'])
    expect(acted.consulted).toEqual([])
    expect(outputsIn(acted.requests[1])[0]?.[1]).toMatch(/^\{"error":/)
  })

  it('[AG4] a long finding is cut in its event, and cut less for the lead', async () => {
    const long = 'x'.repeat(LIMITS.toolOutputChars + 5000)
    const acted = await act({ agent: LEAD, turns: [[ASK, done()]], specialists: { 'sleep-lab': [say(long), done()] } })
    const end = acted.parts[1]
    expect(end?.type === 'specialist' && end.told.content).toBe(`${'x'.repeat(LIMITS.findingChars)}... [truncated]`)
    expect(outputsIn(acted.requests[1])[0]?.[1]).toHaveLength(LIMITS.toolOutputChars)
  })

  it('[AG4] several at once, and tools beside them: each is told as it comes, and the lead hears of all in its order', async () => {
    const gate = Promise.withResolvers<void>()
    const acted = await act({
      agent: LEAD,
      turns: [[ASK, call('consult_heart', { question: 'Pulse?' }, 'h'), call('sum', { a: 1 }, 's'), done()]],
      specialists: { 'sleep-lab': [gate.promise, say('late'), done()], heart: [say('70'), done()] },
      onPart: (part) => {
        if (part.type === 'specialist' && part.told.status === 'completed') gate.resolve()
      },
    })
    const lines = told(acted.parts)
    expect(lines.slice(0, 3).toSorted()).toEqual(['h heart started', 'q sleep-lab started', 's calls sum'])
    expect(lines.indexOf('h heart completed')).toBeLessThan(lines.indexOf('q sleep-lab completed'))
    expect(lines).toHaveLength(7)
    expect(outputsIn(acted.requests[1])).toEqual([
      ['q', '{"finding":"late"}'],
      ['h', '{"finding":"70"}'],
      ['s', '{"sum":1}'],
    ])
  })

  it('[AG4] one that fails does not disturb the others', async () => {
    const acted = await act({
      agent: LEAD,
      turns: [[ASK, call('consult_heart', { question: 'Pulse?' }, 'h'), done()]],
      specialists: { 'sleep-lab': [new ProviderFailure('provider_stalled', 'x')], heart: [say('70'), done()] },
    })
    const ends = acted.parts.flatMap((part) =>
      part.type === 'specialist' && part.told.status !== 'started' ? [part.told] : [],
    )
    expect(ends.map(({ run_id, status }) => `${run_id} ${status}`).toSorted()).toEqual(['h completed', 'q failed'])
    expect(acted.thrown).toBeNull()
  })
})
