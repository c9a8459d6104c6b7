import type { Context } from 'hono'
import type { Config } from '../env.ts'
import type { ProvenCaller } from './identify.ts'

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
