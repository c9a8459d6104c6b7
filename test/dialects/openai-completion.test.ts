import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/core/errors.ts'
import type { LogEvent } from '../../src/core/events.ts'
import { type RequestResult, resultOf } from '../../src/core/result.ts'
import { completionId, completionOf, requestIdOf } from '../../src/dialects/openai-completion.ts'
import { openAiError } from '../../src/dialects/openai-error.ts'
import { modelBody, modelList } from '../../src/dialects/openai-models.ts'
import { called, clientOf, collected, ended, eventOf, said, storyArb, streamed, wireOf } from './openai-support.ts'

const ASKED = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Why?' }] }

function answered(...events: LogEvent[]): RequestResult {
  return resultOf([eventOf('stream_start'), ...events])
}

function json(body: unknown, status = 200): Response {
  return Response.json(body, { status })
}

describe('an answer of D6 that is not streamed', () => {
  it('[OA9] is what the official client assembles from the stream of the same request', async () => {
    await fc.assert(
      fc.asyncProperty(storyArb, fc.constantFrom('stop', 'length', 'tool_calls', 'other'), async (story, reason) => {
        const events = [...story.events, ended(reason)]
        const body = completionOf(resultOf(events), 'gpt-4o')
        const whole = await clientOf(() => json(body)).chat.completions.create(ASKED)
        const wire = new TextEncoder().encode(wireOf(events, { model: 'gpt-4o', includeUsage: true }))
        const chunks = await collected(
          await clientOf(() => streamed([wire])).chat.completions.create({ ...ASKED, stream: true }),
        )
        const deltas = chunks.flatMap(({ choices }) => choices)
        expect(whole.choices[0]?.message.content ?? '').toBe(deltas.map(({ delta }) => delta.content ?? '').join(''))
        const calls = (whole.choices[0]?.message.tool_calls ?? []).map((call, index) => ({ index, ...call }))
        expect(calls).toEqual(deltas.flatMap(({ delta }) => delta.tool_calls ?? []))
        expect(whole.choices[0]?.finish_reason).toBe(deltas.at(-1)?.finish_reason)
        expect(whole.usage).toEqual(chunks.at(-1)?.usage)
        expect([whole.id, whole.created, whole.model]).toEqual([chunks[0]?.id, chunks[0]?.created, chunks[0]?.model])
      }),
    )
  })

  it('[OA9] has the shape of a chat completion', () => {
    expect(completionOf(answered(said('Be'), said('cause.'), ended('stop', 3, null)), 'gpt-4o')).toEqual({
      id: 'chatcmpl-r1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'gpt-4o',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Because.', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 },
      system_fingerprint: 'freshet',
    })
  })

  it('[OA9] its content is null beside tool calls alone, and a text otherwise', () => {
    const message = (...events: LogEvent[]) => {
      const body = completionOf(answered(...events), 'x')
      return 'choices' in body ? body.choices[0].message : null
    }
    const call = { id: 'c', type: 'function', function: { name: 'sum', arguments: '{}' } }
    expect(message(called('c', 'sum', '{}'), ended('tool_calls'))).toMatchObject({ content: null, tool_calls: [call] })
    expect(message(said('a'), called('c', 'sum', '{}'), ended('tool_calls'))).toMatchObject({ content: 'a' })
    expect(message(called('c', 'sum', '{}', false), ended('stop'))).toEqual({
      role: 'assistant',
      content: '',
      refusal: null,
    })
  })

  it('[OA9] a cancelled one is what stood by then, one that runs is none', () => {
    const body = completionOf(answered(said('so far'), eventOf('cancelled')), 'x')
    expect(body).toMatchObject({ choices: [{ message: { content: 'so far' }, finish_reason: 'stop' }] })
    expect(() => completionOf(answered(said('so far')), 'x')).toThrow(RangeError)
  })

  it('[OA11] a failed one is an error', () => {
    expect(completionOf(answered(said('so far'), eventOf('error')), 'x')).toEqual({
      error: { message: 'The provider broke off. Try again.', type: 'server_error', param: null, code: 'provider_cut' },
    })
  })

  it('[DI6] its id leads back to its request', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/), (id) => {
        expect(requestIdOf(completionId(id))).toBe(id)
      }),
    )
    expect(requestIdOf('0190-7')).toBe('0190-7')
  })
})

describe('an error of D6', () => {
  it('[ER1] every code has one, which the official client understands', async () => {
    for (const code of ERROR_CODES) {
      const client = clientOf(() => json(openAiError(code, 'No. Do this.'), 400))
      const error: unknown = await client.chat.completions.create(ASKED).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(OpenAI.BadRequestError)
      const word = code === 'unknown_agent' ? 'model_not_found' : code
      expect(error).toMatchObject({ code: word, param: null, message: '400 No. Do this.' })
    }
  })

  it('[ER1] the type says whose fault it is', () => {
    const types = Object.fromEntries(ERROR_CODES.map((code) => [code, openAiError(code, '').error.type]))
    expect(types).toMatchObject({
      bad_request: 'invalid_request_error',
      empty_prompt: 'invalid_request_error',
      request_not_found: 'not_found_error',
      origin_not_allowed: 'permission_error',
      too_many_requests: 'rate_limit_error',
      provider_stalled: 'server_error',
      internal: 'server_error',
    })
  })
})

describe('the models of D6', () => {
  it('[OA3] are listed once each, and read by the official client', async () => {
    const names = ['freshet', 'freshet/todo', 'gpt-4o', 'freshet']
    const client = clientOf((_, url) => json(url.endsWith('/models') ? modelList(names) : modelBody('freshet/todo')))
    const listed = await collected(client.models.list())
    expect(listed.map(({ id }) => id)).toEqual(['freshet', 'freshet/todo', 'gpt-4o'])
    expect(await client.models.retrieve('freshet/todo')).toEqual({
      id: 'freshet/todo',
      object: 'model',
      created: 0,
      owned_by: 'freshet',
    })
  })
})
