import type * as z from 'zod'
import type { CancelSignal } from '../core/model.ts'
import type { TodoStore } from '../core/todo.ts'

/** Anything that JSON can say. */
export type Json = z.core.util.JSONType

/** What a tool may use of the world around it. */
export interface ToolContext {
  /** ms since 1970. */
  now(): number
  /** An IANA time zone. */
  readonly timeZone: string
  /** Aborts when the request ends or the tool's time is over. */
  readonly signal: CancelSignal
  /** The user's todos, where they are kept; a tool that needs them refuses without. */
  readonly todos?: TodoStore | null
}

/** A tool that an agent can call: data, a schema, and what it does. */
export interface Tool<S extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly description: string
  /** An object; what the model sends is parsed with it, and its JSON Schema is what the model is told. */
  readonly input: S
  /** ms; without it, the runner's own limit. */
  readonly timeoutMs?: number
  /** True when it speaks of dates or times: the model is then told the present time and the user's time zone. */
  readonly needsTime?: boolean
  /** @throws ToolRefusal with a sentence for the model when the call makes no sense */
  run(input: z.output<S>, context: ToolContext): Json | Promise<Json>
}

/** A tool whose `run` gets what its own schema gives. */
export function defineTool<S extends z.ZodType>(tool: Tool<S>): Tool {
  return tool
}

/** A call that a tool cannot carry out; its sentence goes to the model, so that it can do better. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal'
}

/** An agent as data. */
export interface Agent {
  readonly name: string
  /** What people call it. */
  readonly title: string
  /** One sentence that says what it knows: how a lead chooses among its specialists. */
  readonly about: string
  /** What its model is told before anything else; empty: nothing. */
  readonly instructions: string
  /** Words that every answer of it carries: appended to one that lacks them (`missingNotice`). Null: none. */
  readonly notice: string | null
  readonly tools: readonly Tool[]
  /** Agents that it may consult; each becomes a tool `consult_<name>` with one string, `question`. */
  readonly specialists: readonly Agent[]
  /** Calls of the model for one request at most; in the last one it gets no tools. */
  readonly maxTurns: number
}
