import type { VNode } from 'preact'
import type { PendingAsk } from '../client/index.ts'
import { failureWords } from './failure-words.ts'

interface Props {
  readonly entry: PendingAsk
  readonly onAskAgain: (prompt: string) => void
  readonly onDismiss: (requestId: string) => void
}

/** A prompt that the service has not taken yet, or would not take. */
export function PendingView({ entry, onAskAgain, onDismiss }: Props): VNode {
  const { ask, status, error } = entry
  return (
    <article class="exchange pending" data-testid="pending" data-status={status}>
      <div class="prompt">
        <span class="unseen">You asked: </span>
        {ask.prompt}
      </div>
      {status === 'refused' ? (
        <p class="ending failed" data-testid="ending">
          {failureWords(error, false)}{' '}
          <button type="button" class="link" onClick={() => onAskAgain(ask.prompt)}>
            Ask again
          </button>{' '}
          <button type="button" class="link" onClick={() => onDismiss(ask.requestId)}>
            Dismiss
          </button>
        </p>
      ) : (
        <p class="note right">
          {status === 'waiting' ? 'Waiting for the connection; it will be sent then.' : 'Sending…'}
        </p>
      )}
    </article>
  )
}
