import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type ClientState, createFreshetClient, type FreshetClient } from '../client/index.ts'
import type { Settings } from './settings.ts'

interface Current {
  readonly client: FreshetClient
  readonly settings: Settings
}

function clientFor(settings: Settings, from?: ClientState): FreshetClient {
  return createFreshetClient({
    baseUrl: location.origin,
    userId: settings.userId,
    transport: settings.transport,
    ...(from === undefined ? {} : { from }),
  })
}

/** The client for the settings, started, and its state. A change of transport keeps text and cursor, one of user does not. */
export function useFreshet(settings: Settings): { client: FreshetClient; state: ClientState } {
  const current = useRef<Current | null>(null)
  const old = current.current
  if (old === null || old.settings.userId !== settings.userId) {
    current.current = { client: clientFor(settings), settings }
  } else if (old.settings.transport !== settings.transport) {
    current.current = { client: clientFor(settings, old.client.getState()), settings }
  }
  const client = current.current?.client ?? clientFor(settings)
  const [, repaint] = useState<ClientState | null>(null)

  useLayoutEffect(() => client.subscribe(repaint), [client])
  useEffect(() => {
    client.start()
    return () => client.stop()
  }, [client])
  useEffect(() => {
    const nudge = () => client.nudge()
    addEventListener('online', nudge)
    addEventListener('offline', nudge)
    document.addEventListener('visibilitychange', nudge)
    return () => {
      removeEventListener('online', nudge)
      removeEventListener('offline', nudge)
      document.removeEventListener('visibilitychange', nudge)
    }
  }, [client])
  return { client, state: client.getState() }
}
