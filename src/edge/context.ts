import type { Context } from 'hono'
import type { Config } from '../env.ts'

/** A caller who has proved who it is. */
export interface ProvenCaller {
  readonly userId: string
  readonly isOperator: boolean
  /** When its token ends, ms: its connections end then too; null where there is no token (open mode). */
  readonly expiresAt: number | null
  /** True where another's name is what the call is about, not who calls: the operator's endpoints. */
  readonly mayName: boolean
}

/** What every handler gets: bindings, and the validated configuration. */
export interface EdgeEnv {
  readonly Bindings: Cloudflare.Env
  readonly Variables: {
    config: Config
    /** Set by every endpoint before its handler: who has proved to call; null in open mode, where names are believed. */
    identity: ProvenCaller | null
  }
}

export type EdgeContext = Context<EdgeEnv>
