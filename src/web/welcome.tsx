import type { VNode } from 'preact'

interface Props {
  /** True until the service has told the present state: there may be messages yet. */
  readonly isLoading: boolean
  readonly onAsk: (prompt: string) => void
}

const SUGGESTIONS = [
  'How does a river find its way to the sea?',
  'Write a short poem about melting snow',
  'Explain event streams with a small code example',
  'What is worth knowing about WebSockets and SSE?',
] as const

/** What a first visitor sees. */
export function Welcome({ isLoading, onAsk }: Props): VNode {
  if (isLoading) {
    return (
      <p class="note middle" data-testid="loading">
        Looking for your conversation…
      </p>
    )
  }
  return (
    <section class="welcome">
      <h2>Ask something.</h2>
      <p>
        The answer flows into every window of yours at once. Close this one in the middle of it, open it again later:
        nothing is lost.
      </p>
      <ul class="chips" aria-label="Suggestions">
        {SUGGESTIONS.map((suggestion) => (
          <li key={suggestion}>
            <button type="button" class="chip" data-testid="suggestion" onClick={() => onAsk(suggestion)}>
              {suggestion}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
