import type { CancelSignal, ModelPart, ModelProvider, ModelRequest, ProviderFailure } from '../../src/core/model.ts'
import { pause, untilAborted } from '../../src/providers/pause.ts'

/** What a scripted provider does, one after the other; at the end of its steps its stream is cut. */
export type Step =
  | { readonly do: 'text'; readonly text: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'fail'; readonly failure: ProviderFailure }
  /** `hang` ends when it is aborted, `deaf` never does; `bug` throws what no provider should. */
  | { readonly do: 'alive' | 'tool' | 'finish' | 'hang' | 'deaf' | 'bug' }

/** A call of a provider, as it saw it. */
export interface Call {
  readonly provider: string
  readonly request: ModelRequest
  readonly signal: CancelSignal
  readonly startedAt: number
  /** What it handed over, and when. */
  readonly given: { readonly at: number; readonly part: ModelPart }[]
}

export const USAGE = { input_tokens: 11, output_tokens: 22 }
const TOOL = { type: 'tool_call', id: 't1', name: 'look_up', arguments: '{}' } as const

export function say(text: string): Step {
  return { do: 'text', text }
}

export function wait(ms: number): Step {
  return { do: 'wait', ms }
}

export const finish: Step = { do: 'finish' }

/**
 * A provider that plays a script, and notes its calls in a list that several may share.
 * @param whenAborted how it leaves: the port allows both
 */
export function scripted(
  name: string,
  steps: readonly Step[],
  calls: Call[],
  whenAborted: 'end' | 'throw' = 'end',
): ModelProvider {
  async function* play(call: Call): AsyncGenerator<ModelPart, void, undefined> {
    const give = (part: ModelPart): ModelPart => {
      call.given.push({ at: Date.now(), part })
      return part
    }
    for (const step of steps) {
      if (call.signal.aborted) break
      switch (step.do) {
        case 'text':
          yield give({ type: 'text', text: step.text })
          break
        case 'alive':
          yield give({ type: 'alive' })
          break
        case 'tool':
          yield give(TOOL)
          break
        case 'finish':
          yield give({ type: 'finish', reason: 'stop', usage: USAGE })
          break
        case 'wait':
          await pause(step.ms, call.signal)
          break
        case 'hang':
          await untilAborted(call.signal)
          break
        case 'deaf':
          await new Promise(() => undefined)
          break
        case 'fail':
          throw step.failure
        case 'bug':
          throw new TypeError('the secret words of a bug')
      }
    }
    if (call.signal.aborted && whenAborted === 'throw') throw new DOMException('aborted', 'AbortError')
  }
  return {
    name,
    kind: 'scripted',
    model: `model-${name}`,
    stream: (request, signal) => {
      const call = { provider: name, request, signal, startedAt: Date.now(), given: [] }
      calls.push(call)
      return play(call)
    },
  }
}
