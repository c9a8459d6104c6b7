import type { Context } from 'hono'
import type { Config } from '../env.ts'

/** What every handler gets: bindings, and the validated configuration. */
export interface EdgeEnv {
  readonly Bindings: Cloudflare.Env
  readonly Variables: { config: Config }
}

export type EdgeContext = Context<EdgeEnv>
