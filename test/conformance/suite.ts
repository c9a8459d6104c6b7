import { describe, vi } from 'vitest'
import { cuts } from './cuts.ts'
import type { Service } from './dialect.ts'
import { DIALECTS } from './dialects/all.ts'
import { endings } from './endings.ts'
import { hops } from './hops.ts'
import { idempotency } from './idempotency.ts'
import { joins } from './joins.ts'
import { pairs } from './pairs.ts'
import { todos } from './todos.ts'
import { tornStarts } from './torn-starts.ts'

/** Tests that run side by side. */
const AT_ONCE = 20

/** What is known of the service beside its address. */
interface About {
  /** The name of a provider that says nothing for 5 s or so before its first token. */
  readonly silent?: string | null
}

/**
 * Registers what every service that speaks Freshet's dialects must hold, by its public HTTP and WebSocket alone.
 * @param service in open mode; asked for lazily, since tests are registered before a service is there
 */
export function conformance(service: Service, { silent = null }: About = {}): void {
  // Answers take their time, and nearly all of it is waiting.
  vi.setConfig({ maxConcurrency: AT_ONCE })
  describe.concurrent('conformance', () => {
    for (const dialect of DIALECTS) {
      cuts(service, dialect)
      pairs(service, dialect)
      idempotency(service, dialect)
    }
    hops(service)
    joins(service)
    todos(service)
    tornStarts(service)
    endings(service, silent)
  })
}
