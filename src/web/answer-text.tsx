import type { VNode } from 'preact'
import { splitFences } from './fences.ts'

/** An answer as text nodes: what a model writes is never markup (WB1). */
export function AnswerText({ text, isRunning }: { text: string; isRunning: boolean }): VNode {
  return (
    <div class={isRunning ? 'text writing' : 'text'} data-testid="answer">
      {splitFences(text).map((part, i) =>
        part.kind === 'code' ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls sideways must be reachable by keyboard
          <pre key={i} data-language={part.language === '' ? undefined : part.language} tabIndex={0}>
            <code>{part.text}</code>
          </pre>
        ) : (
          <div key={i} class="run">
            {part.text}
          </div>
        ),
      )}
    </div>
  )
}
