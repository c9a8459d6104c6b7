import type { VNode } from 'preact'
import type { ConnectionState } from '../client/index.ts'
import { ConnectionBadge } from './connection-badge.tsx'
import { cleanName, pageOf, type Settings } from './settings.ts'

interface Props {
  readonly settings: Settings
  readonly connection: ConnectionState
  readonly onChange: (part: Partial<Settings>) => void
  readonly onRetry: () => void
}

export function PageHeader({ settings, connection, onChange, onRetry }: Props): VNode {
  return (
    <header class="header">
      <h1 class="name">
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4 12c4-3.6 8-3.6 12 0s8 3.6 12 0M4 21c4-3.6 8-3.6 12 0s8 3.6 12 0" />
        </svg>
        Freshet
      </h1>
      <ConnectionBadge connection={connection} onRetry={onRetry} />
      <div class="choices">
        <label class="field">
          <span>User</span>
          <input
            data-testid="user"
            value={settings.userId}
            maxLength={128}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            onKeyDown={(event) => {
              if (event.key === 'Enter') event.currentTarget.blur()
            }}
            onChange={(event) => {
              const userId = cleanName(event.currentTarget.value)
              if (userId === null) event.currentTarget.value = settings.userId
              else onChange({ userId })
            }}
          />
        </label>
        <fieldset class="switch" data-testid="transport">
          <legend class="unseen">Transport</legend>
          {TRANSPORTS.map(({ value, label }) => (
            <label key={value}>
              <input
                type="radio"
                name="transport"
                value={value}
                checked={settings.transport === value}
                onChange={() => onChange({ transport: value })}
              />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
        <a class="second" data-testid="second-window" href={pageOf(settings)} target="_blank" rel="noopener">
          <span class="wide">Open a second window </span>
          <span aria-hidden="true">↗</span>
        </a>
      </div>
    </header>
  )
}

const TRANSPORTS = [
  { value: 'websocket', label: 'WebSocket' },
  { value: 'sse', label: 'SSE' },
] as const
