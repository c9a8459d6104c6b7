/** Who the page is and how it connects. */
export interface Settings {
  readonly userId: string
  readonly transport: 'websocket' | 'sse'
}

const STORED_USER = 'freshet.user'
const LONGEST_NAME = 128

/** From the address (`?user=`, `?transport=sse`), else the name of the last visit, else a new one. */
export function readSettings(): Settings {
  const query = new URLSearchParams(location.search)
  return {
    userId: cleanName(query.get('user') ?? '') ?? rememberedName(),
    transport: query.get('transport') === 'sse' ? 'sse' : 'websocket',
  }
}

/** Puts a choice into the address, so that a reload and a second window have it too. */
export function showSettings(settings: Settings): void {
  history.replaceState(null, '', pageOf(settings))
}

/** The address of this page with these settings. */
export function pageOf({ userId, transport }: Settings): string {
  const query = new URLSearchParams({ user: userId })
  if (transport === 'sse') query.set('transport', 'sse')
  return `${location.pathname}?${query}`
}

/** A name as the service takes it (ID1), or null when nothing of it is left. */
export function cleanName(text: string): string | null {
  const name = text
    .replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(0, LONGEST_NAME)
  return name === '' ? null : name
}

function rememberedName(): string {
  const fresh = newName()
  try {
    const stored = cleanName(localStorage.getItem(STORED_USER) ?? '')
    if (stored !== null) return stored
    localStorage.setItem(STORED_USER, fresh)
  } catch {
    // Storage is blocked: the name then lasts as long as the page.
  }
  return fresh
}

/** Random enough that two strangers do not share a hub by chance. */
function newName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6))
  return `guest-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
