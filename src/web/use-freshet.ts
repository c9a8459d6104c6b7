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

/** When the connection is looked at once more after the network went, ms. */
const OFFLINE_AGAIN_MS = 1000

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
    let again: ReturnType<typeof setTimeout> | undefined
    const offline = () => {
      nudge()
      clearTimeout(again)
      // A browser may say so a moment before it is so: an answer that still came then was no sign of life.
      again = setTimeout(() => {
        if (!navigator.onLine) nudge()
      }, OFFLINE_AGAIN_MS)
    }
    addEventListener('online', nudge)
    addEventListener('offline', offline)
    document.addEventListener('visibilitychange', nudge)
    return () => {
      clearTimeout(again)
      removeEventListener('online', nudge)
      removeEventListener('offline', offline)
      document.removeEventListener('visibilitychange', nudge)
    }
  }, [client])
  return { client, state: client.getState() }
}
