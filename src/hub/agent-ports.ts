import type { ModelRequest } from '../core/model.ts'
import type { TodoStore } from '../core/todo.ts'
import type { AnswerPart } from './answering.ts'

/** A model call of a request: its parts, and its bill once they are over. */
export interface Asked {
  parts(): AsyncIterable<AnswerPart>
  readonly bill: { readonly cost: number; readonly estimated: boolean }
}

/** What an agent's loop, and a consultation in it, need of the hub. */
export interface AgentRunPorts {
  now(): number
  /** Calls a model: routed, with fallback, in the ledger (AG8). */
  ask(request: ModelRequest): Asked
  /** Aborts when the request ends. */
  readonly signal: AbortSignal
  /** The user's todos, for the tools that keep them. */
  readonly todos: TodoStore
}
