import type { VNode } from 'preact'
import type { ConnectionState, Exchange } from '../client/index.ts'

interface Props {
  readonly connection: ConnectionState['status']
  readonly last: Exchange | undefined
}

const CONNECTION: Record<ConnectionState['status'], string> = {
  connecting: 'Connecting.',
  open: 'Connected.',
  waiting: 'The connection is lost; reconnecting.',
  closed: 'Not connected.',
}

const ANSWER: Record<Exchange['status'], string> = {
  running: 'The answer is being written.',
  complete: 'The answer is complete.',
  cancelled: 'The answer was stopped.',
  error: 'The answer failed.',
}

/** Tells a screen reader of changes of state, and not of every chunk and second. */
export function Announcer({ connection, last }: Props): VNode {
  return (
    <div class="unseen">
      <p role="status">{CONNECTION[connection]}</p>
      <p role="status">{last === undefined ? '' : ANSWER[last.status]}</p>
    </div>
  )
}
