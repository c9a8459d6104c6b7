import type { VNode } from 'preact'
import type { Exchange } from '../client/index.ts'
import { AnswerText } from './answer-text.tsx'
import { failureWords } from './failure-words.ts'

interface Props {
  readonly exchange: Exchange
  readonly onAskAgain: (prompt: string) => void
}

/** A prompt and its answer. */
export function ExchangeView({ exchange, onAskAgain }: Props): VNode {
  const { request_id, prompt, text, status, progress } = exchange
  const isRunning = status === 'running'
  return (
    <article
      class="exchange"
      data-testid="exchange"
      data-status={status}
      data-request-id={request_id}
      aria-busy={isRunning}
    >
      <div class="prompt" data-testid="exchange-prompt">
        <span class="unseen">You asked: </span>
        {prompt}
      </div>
      <div class="answer">
        {text !== '' && <AnswerText text={text} isRunning={isRunning} />}
        {isRunning && (
          <p class="working" data-testid="typing">
            <span class="typing" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            <span class={text === '' ? '' : 'unseen'}>{text === '' ? 'Thinking' : 'Writing'}</span>
            {progress !== null && <progress max={100} value={progress} aria-label="Progress of the answer" />}
          </p>
        )}
        {status === 'cancelled' && (
          <p class="ending" data-testid="ending">
            {text === '' ? 'Stopped before the answer began.' : 'Stopped. This is what was written until then.'}
          </p>
        )}
        {status === 'error' && (
          <p class="ending failed" data-testid="ending">
            {failureWords(exchange.error, text !== '')}{' '}
            <button type="button" class="link" onClick={() => onAskAgain(prompt)}>
              Ask again
            </button>
          </p>
        )}
        {status === 'complete' && text === '' && (
          <p class="ending" data-testid="ending">
            The answer was empty.
          </p>
        )}
      </div>
    </article>
  )
}
