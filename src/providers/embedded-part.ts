import type { ModelRequest } from '../core/model.ts'

/** A tool that is to be called. */
export interface PlannedCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** What one turn of the embedded provider says and does: first the text, then the calls. Without calls it is an answer. */
export interface Plan {
  readonly text: string
  readonly calls: readonly PlannedCall[]
}

/**
 * A part that the embedded provider can play (AG9). It sees the request and nothing else, so that the same messages and
 * tools give the same plan.
 * @returns null when the request is none of this part's
 */
export type Part = (request: ModelRequest) => Plan | null
