import type { VNode } from 'preact'
import { useCallback, useRef, useState } from 'preact/hooks'
import { Announcer } from './announcer.tsx'
import { Composer } from './composer.tsx'
import { MessageList } from './message-list.tsx'
import { PageHeader } from './page-header.tsx'
import { type Settings, showSettings } from './settings.ts'
import { useFollow } from './use-follow.ts'
import { useFreshet } from './use-freshet.ts'
import { Welcome } from './welcome.tsx'

/** The demo: one user's conversation, in step in every window. */
export function ChatPage({ initial }: { initial: Settings }): VNode {
  const [settings, setSettings] = useState(initial)
  const { client, state } = useFreshet(settings)
  const box = useRef<HTMLElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const { exchanges, omitted } = state.transcript
  const { asks } = state.outbox
  const running = exchanges.filter((exchange) => exchange.status === 'running')
  const isEmpty = exchanges.length === 0 && asks.length === 0
  const { following, follow } = useFollow(box, content, !isEmpty)

  function change(part: Partial<Settings>): void {
    const next = { ...settings, ...part }
    showSettings(next)
    setSettings(next)
  }

  // The same function while the client is, so that exchanges need not be painted again.
  const ask = useCallback(
    (prompt: string) => {
      client.ask(prompt)
      follow()
    },
    [client],
  )

  return (
    <div class="page">
      <PageHeader settings={settings} connection={state.connection} onChange={change} onRetry={() => client.nudge()} />
      <main class="scroll" ref={box} tabIndex={-1}>
        <div class="column" ref={content}>
          {isEmpty && <Welcome isLoading={state.transcript.cursor === null} onAsk={ask} />}
          <MessageList
            exchanges={exchanges}
            pending={asks}
            omitted={omitted}
            onAskAgain={ask}
            onDismiss={(requestId) => client.cancel(requestId)}
          />
        </div>
      </main>
      <footer class="dock">
        {!following && !isEmpty && (
          <button type="button" class="to-end" data-testid="to-end" onClick={follow}>
            Newest message <span aria-hidden="true">↓</span>
          </button>
        )}
        <Composer
          runningCount={running.length}
          onAsk={ask}
          onStop={() => {
            for (const exchange of running) client.cancel(exchange.request_id)
          }}
        />
      </footer>
      <Announcer connection={state.connection.status} last={exchanges.at(-1)} />
    </div>
  )
}
