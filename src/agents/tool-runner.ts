import { inTime } from '../core/in-time.ts'
import { LIMITS } from '../core/limits.ts'
import type { ModelToolCall } from '../core/model.ts'
import { type Json, type Tool, type ToolContext, ToolRefusal } from './agent.ts'
import { cleanOutput } from './clean-output.ts'
import { parseArguments } from './parse-arguments.ts'

/** How a call came out. The output is cleaned; that of an error is `{error}`, a sentence for the model. */
export interface ToolOutcome {
  readonly status: 'ok' | 'error'
  readonly output: Json
}

/** A cleaned output's JSON, in characters of at most 3 bytes: it becomes one event in one row, and a row ends at 2 MB. */
const MOST_CHARS = 400_000

/**
 * Runs one call of a model (AG3). Whatever goes wrong is an outcome: it never throws.
 * @param tool the tool of the call's name; undefined when the agent has none of that name
 * @param context its signal ends the call; the tool gets one that also ends when its time is over
 */
export async function runTool(tool: Tool | undefined, call: ModelToolCall, context: ToolContext): Promise<ToolOutcome> {
  if (tool === undefined) return failed('There is no tool of this name. Call only tools that you were given.')
  if (context.signal.aborted) return failed(ENDED)
  const ms = tool.timeoutMs ?? LIMITS.toolMs
  const inner = new AbortController()
  const ended = Promise.withResolvers<ToolOutcome>()
  const end = (): void => {
    inner.abort()
    ended.resolve(failed(ENDED))
  }
  context.signal.addEventListener('abort', end, { once: true })
  try {
    return await inTime(Promise.race([carryOut(tool, call, { ...context, signal: inner.signal }), ended.promise]), ms)
  } catch {
    // Neither of the two rejects, so it is the time that is over.
    inner.abort()
    return failed(`The tool took longer than ${ms / 1000} s and was stopped. Ask it for less, or go on without it.`)
  } finally {
    context.signal.removeEventListener('abort', end)
  }
}

const ENDED = 'The request ended before the tool did.'

/** Runs a tool to its end. Never rejects. */
async function carryOut(tool: Tool, call: ModelToolCall, context: ToolContext): Promise<ToolOutcome> {
  try {
    const parsed = parseArguments(tool.input, call.arguments)
    if (!parsed.ok) return failed(parsed.error)
    const output = cleanOutput(await tool.run(parsed.value, context))
    if (JSON.stringify(output).length <= MOST_CHARS) return { status: 'ok', output }
    return failed('The tool found more than can be shown. Ask it for less.')
  } catch (error) {
    if (error instanceof ToolRefusal) return failed(error.message)
    // A tool that was stopped may well throw; nobody hears it any more.
    if (!context.signal.aborted) {
      console.error({
        message: 'tool failed',
        tool: tool.name,
        name: error instanceof Error ? error.name : typeof error,
      })
    }
    return failed('The tool failed on our side. Go on without it.')
  }
}

function failed(error: string): ToolOutcome {
  return { status: 'error', output: cleanOutput({ error }) }
}
