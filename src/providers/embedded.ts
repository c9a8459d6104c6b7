import type { CancelSignal, ModelMessage, ModelPart, ModelProvider, ModelRequest } from '../core/model.ts'
import { ProviderFailure } from '../core/model.ts'
import { continuationOf, seedOf } from './embedded-answer.ts'
import type { Plan } from './embedded-part.ts'
import { planOf } from './embedded-parts.ts'
import { sampled } from './embedded-sampling.ts'
import { type EmbeddedSettings, parseEmbeddedUrl } from './embedded-settings.ts'
import { exactly, following, tokenize } from './embedded-tokens.ts'
import { pause, untilAborted } from './pause.ts'
import { hashText, seededRandom } from './random.ts'
import { timed } from './rhythm.ts'

/** So often an answer without pauses lets others have the event loop. */
const TOKENS_PER_TURN = 32
/** Timers are no finer than this, ms. */
const TIMER_MS = 1

/**
 * The provider that needs no model (PR2): the same messages, the same answer, one text part a token, with a rhythm.
 * Aborting ends the iteration at once, with no timer left.
 */
export class EmbeddedProvider implements ModelProvider {
  readonly kind = 'embedded'
  readonly name: string
  readonly model: string
  readonly #settings: EmbeddedSettings

  /**
   * @param entry `base_url` is `embedded:?…`, see `parseEmbeddedUrl`.
   * @throws FreshetError `config_invalid` when it makes no sense.
   */
  constructor(entry: { readonly name: string; readonly model: string; readonly base_url?: string | undefined }) {
    this.name = entry.name
    this.model = entry.model
    this.#settings = parseEmbeddedUrl(entry.name, entry.base_url)
  }

  async *stream(request: ModelRequest, signal: CancelSignal): AsyncGenerator<ModelPart, void, undefined> {
    this.#refuse(request)
    const plan = sampled(planOf(request), request.sampling)
    const { maxOutputTokens = Number.POSITIVE_INFINITY } = request.sampling
    let isCut = false
    const began = Date.now()
    let sent = 0
    let pausedFor = 0
    for (const { text, dueMs } of timed(this.#tokens(request, plan), this.#settings, seededRandom(seedOf(request)))) {
      isCut = sent >= maxOutputTokens
      if (isCut) break
      await this.#fail(sent, signal)
      // Against the due time, so that late timers do not add up; hardly more than the plan has since the last pause,
      // so that a clock that steps back does not hold the answer.
      const wait = Math.min(began + dueMs - Date.now(), dueMs - pausedFor + TIMER_MS)
      if (wait >= TIMER_MS) {
        await pause(wait, signal)
        pausedFor = dueMs
      } else if (sent % TOKENS_PER_TURN === TOKENS_PER_TURN - 1) {
        await pause(0, signal)
      }
      if (signal.aborted) return
      yield { type: 'text', text }
      sent += 1
    }
    await this.#fail(sent, signal)
    if (signal.aborted) return
    const calls = isCut ? [] : toolCalls(request, plan)
    yield* calls
    const spent = calls.reduce((sum, call) => sum + tokenize(call.name + call.arguments).length, sent)
    const usage = { input_tokens: inputTokens(request), output_tokens: spent }
    yield { type: 'finish', reason: isCut ? 'length' : calls.length === 0 ? 'stop' : 'tool_calls', usage }
  }

  /** The tokens of the plan's text, or of what is left of it after the part that is there already. */
  #tokens({ prefix }: ModelRequest, plan: Plan): Iterable<string> {
    const whole = this.#cut(plan.text, plan)
    if (prefix === null) return whole
    return following(whole, prefix) ?? this.#cut(continuationOf(plan.text), plan)
  }

  /** Answers have the length that is set; what is said before a call stays as it is. */
  #cut(text: string, { calls }: Plan): Iterable<string> {
    const { tokens } = this.#settings
    return tokens === 0 || calls.length > 0 ? tokenize(text) : exactly(text, tokens)
  }

  /** Says no before there is a token, if it is to. */
  #refuse(request: ModelRequest): void {
    const { fault, failRate, seed } = this.#settings
    if (fault?.kind === 'rate_limit') {
      const more = { status: 429, retryAfterS: fault.retryAfterS }
      throw new ProviderFailure('provider_rate_limited', 'The embedded provider has no capacity, as it was told.', more)
    }
    // By the prompt and the seed alone: the same prompt fails again, whatever ran before it.
    if (seededRandom(hashText(`${seedOf(request)} ${seed}`))() < failRate) throw failed()
  }

  /** Goes wrong if it is time to. A stall ends only by the signal. */
  async #fail(sent: number, signal: CancelSignal): Promise<void> {
    const { fault } = this.#settings
    if (fault === null || fault.kind === 'rate_limit' || fault.after !== sent || signal.aborted) return
    if (fault.kind === 'stall') return untilAborted(signal)
    if (fault.kind === 'cut')
      throw new ProviderFailure('provider_cut', 'The embedded provider cut its answer, as it was told to.')
    throw failed()
  }
}

function failed(): ProviderFailure {
  return new ProviderFailure('provider_error', 'The embedded provider failed, as it was told to.')
}

/** The plan's calls with ids that no other turn of the conversation has: its messages are others. */
function toolCalls(request: ModelRequest, { calls }: Plan): readonly Extract<ModelPart, { type: 'tool_call' }>[] {
  const seed = seedOf(request).toString(36)
  return calls.map(({ name, arguments: args }, index) => {
    return { type: 'tool_call', id: `call_${seed}_${index}`, name, arguments: JSON.stringify(args) }
  })
}

/** The usual estimate: four characters a token. */
function inputTokens(request: ModelRequest): number {
  const given = request.messages.reduce((sum, message) => sum + lengthOf(message), request.prefix?.length ?? 0)
  return Math.ceil(given / 4)
}

function lengthOf(message: ModelMessage): number {
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
  return calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, message.content.length)
}
