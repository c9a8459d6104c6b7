import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface Props {
  readonly runningCount: number
  readonly onAsk: (prompt: string) => void
  readonly onStop: () => void
}

/** Where a prompt is written. Enter sends, Shift+Enter begins a new line. */
export function Composer({ runningCount, onAsk, onStop }: Props): VNode {
  const [text, setText] = useState('')
  const [complaint, setComplaint] = useState<string | null>(null)
  const area = useRef<HTMLTextAreaElement>(null)
  // A phone's keyboard would cover the page before it has been seen.
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) area.current?.focus()
  }, [])

  function send(): void {
    if (text.trim() === '') return
    try {
      onAsk(text)
      setText('')
      setComplaint(null)
    } catch (error) {
      setComplaint(error instanceof Error ? error.message : 'This prompt cannot be sent.')
    }
    area.current?.focus()
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {complaint !== null && (
        <p class="complaint" role="alert">
          {complaint}
        </p>
      )}
      <textarea
        ref={area}
        data-testid="prompt"
        aria-label="Your prompt"
        aria-describedby="keys"
        placeholder="Ask something…"
        rows={1}
        enterkeyhint="send"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          // The Enter that ends an input method's composition chooses a word.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      <div class="actions">
        <p id="keys" class="keys">
          <kbd>Enter</kbd> sends, <kbd>Shift</kbd> + <kbd>Enter</kbd> makes a new line
        </p>
        {runningCount > 0 && (
          <button
            type="button"
            class="button quiet"
            data-testid="stop"
            onClick={() => {
              onStop()
              area.current?.focus()
            }}
          >
            <span class="square" aria-hidden="true" />
            {runningCount > 1 ? `Stop all ${runningCount}` : 'Stop'}
          </button>
        )}
        <button type="submit" class="button" data-testid="send" disabled={text.trim() === ''}>
          Send
        </button>
      </div>
    </form>
  )
}
