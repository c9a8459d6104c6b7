import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Exchange, PendingAsk } from '../client/index.ts'
import { ExchangeView } from './exchange-view.tsx'
import { PendingView } from './pending-view.tsx'

interface Props {
  readonly exchanges: readonly Exchange[]
  readonly pending: readonly PendingAsk[]
  readonly omitted: number
  readonly onAskAgain: (prompt: string) => void
  readonly onDismiss: (requestId: string) => void
}

export function MessageList({ exchanges, pending, omitted, onAskAgain, onDismiss }: Props): VNode {
  return (
    <div class="messages" data-testid="messages">
      {omitted > 0 && (
        <p class="note">
          {omitted} older {omitted === 1 ? 'message is' : 'messages are'} not shown.
        </p>
      )}
      {exchanges.map((exchange) => (
        <Item key={exchange.request_id} exchange={exchange} onAskAgain={onAskAgain} />
      ))}
      {pending.map((entry) => (
        <PendingView key={entry.ask.requestId} entry={entry} onAskAgain={onAskAgain} onDismiss={onDismiss} />
      ))}
    </div>
  )
}

/** Paints an exchange again only when it changed: a chunk for one must not cost all of them. */
function Item({ exchange, onAskAgain }: { exchange: Exchange; onAskAgain: (prompt: string) => void }): VNode {
  return useMemo(() => <ExchangeView exchange={exchange} onAskAgain={onAskAgain} />, [exchange, onAskAgain])
}
