import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ConnectionState } from '../client/index.ts'

interface Props {
  readonly connection: ConnectionState
  readonly onRetry: () => void
}

/** Says how the connection is, and while it waits, for how long; a press then tries at once. */
export function ConnectionBadge({ connection, onRetry }: Props): VNode {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    const timer = connection.status === 'waiting' ? setInterval(() => setNow(Date.now()), 250) : undefined
    return () => clearInterval(timer)
  }, [connection])

  const title = connection.status === 'closed' ? (connection.detail ?? undefined) : undefined
  return (
    <p class="badge" data-testid="connection" data-status={connection.status} title={title}>
      <span class="dot" aria-hidden="true" />
      <span>{words(connection, now)}</span>
      {connection.status === 'waiting' && (
        <button type="button" class="link" onClick={onRetry}>
          Try now
        </button>
      )}
    </p>
  )
}

function words(connection: ConnectionState, now: number): string {
  switch (connection.status) {
    case 'connecting':
      return connection.attempt === 0 ? 'Connecting…' : 'Reconnecting…'
    case 'open':
      return 'Live'
    case 'waiting': {
      const seconds = Math.max(0, Math.ceil((connection.since + connection.delayMs - now) / 1000))
      return seconds === 0 ? 'Reconnecting…' : `Retry in ${seconds} s`
    }
    case 'closed':
      break
  }
  return connection.reason === 'refused' ? `Refused: ${connection.detail ?? 'no reason given'}` : 'Not connected'
}
