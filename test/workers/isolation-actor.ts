import { call } from './support.ts'

/** What an id is of: each of these the other user tries too. */
export const KINDS = ['request', 'session', 'todo', 'client', 'cursor', 'ticket'] as const
export type Kind = (typeof KINDS)[number]

const FIELDS: Readonly<Record<string, Kind>> = {
  request_id: 'request',
  session_id: 'session',
  conversation_id: 'session',
  todo_id: 'todo',
  client_id: 'client',
}
/** Ids that the service made: they cannot be guessed, so nobody has another's by chance. */
const MADE = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|n[0-9a-f]{16}(?=-)/g
/** Ids of a kind that are remembered. */
const KEPT = 40

/** A user who remembers every byte that it was sent, and finds in it what is another's. */
export class Actor {
  readonly name: string | null
  /** Stands in everything that it says. */
  readonly secret: string
  /** Stands in every id that it makes. */
  readonly mark: string
  readonly random: () => number
  readonly made = new Set<string>()
  readonly leaks: string[] = []
  readonly counts = new Map<string, number>()
  calls = 0
  tried = 0
  bytes = 0
  ownSecrets = 0
  #other: Actor | null = null
  readonly #ids: Readonly<Record<Kind, string[]>> = {
    request: [],
    session: [],
    todo: [],
    client: [],
    cursor: [],
    ticket: [],
  }
  /** The other's ids that it has sent: they may come back, since it knew them. */
  readonly #given = new Set<string>()
  #n = 0

  constructor(name: string, random: () => number, named = true) {
    this.secret = `${name}-zXq7Secret`
    this.mark = `${name}-vKp9Mark`
    this.name = named ? `${name}.${this.secret}` : null
    this.random = random
  }

  meets(other: Actor): void {
    this.#other = other
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.random() * list.length)] ?? list[0]
  }

  chance(share: number): boolean {
    return this.random() < share
  }

  /** Words of its own, or some that the other says as well: those must not bring the other's answer. */
  words(): string {
    this.#n += 1
    if (this.chance(0.2)) return this.pick(['What is a freshet?', 'Hello there', 'Tell me of rivers'])
    return `${this.secret} says number ${this.#n}`
  }

  /** A new id of its own; none is the beginning of another. */
  fresh(kind: Kind): string {
    this.#n += 1
    const id = `${this.mark}.${kind}.${String(this.#n).padStart(6, '0')}`
    this.#remember(kind, id)
    return id
  }

  /** An id: a new one, one that it had before, or one of the other's. */
  id(kind: Kind, foreign = 0.4): string {
    const theirs = this.#other === null ? [] : this.#other.#ids[kind]
    const own = this.#ids[kind]
    if (this.chance(foreign) && theirs.length > 0) {
      const id = theirs[Math.floor(this.random() * theirs.length)] ?? ''
      this.#given.add(id)
      this.tried += 1
      return id
    }
    // Of the last ones: what is older was deleted, or has gone on.
    const recent = own.slice(-8)
    if (recent.length > 0 && this.chance(0.7)) return recent[Math.floor(this.random() * recent.length)] ?? ''
    return kind === 'cursor' ? '0-0' : this.fresh(kind)
  }

  /** Takes in what was received, and looks for what is the other's. */
  hear(text: string, from: string): void {
    this.bytes += text.length
    if (text.includes(this.secret)) this.ownSecrets += 1
    for (const [id] of text.matchAll(MADE)) this.made.add(id)
    this.#learn(text)
    const other = this.#other
    if (other === null || !(text.includes(other.secret) || text.includes(other.mark))) return
    let rest = text
    // Longest first: an id may be made of others.
    for (const id of [...this.#given].toSorted((a, b) => b.length - a.length))
      rest = rest.replaceAll(id, '').replaceAll(encodeURIComponent(id), '')
    const at = Math.max(rest.indexOf(other.secret), rest.indexOf(other.mark))
    if (at >= 0) this.leaks.push(`${from}: …${rest.slice(Math.max(0, at - 120), at + 80)}`)
  }

  /** A call of this user: all of its answer is read and searched. */
  async http(
    kind: string,
    method: string,
    path: string,
    more: { body?: object; headers?: Record<string, string> } = {},
  ) {
    this.calls += 1
    const headers = { ...(this.name !== null && { 'x-user-id': this.name }), ...more.headers }
    const init = { method, headers, ...(more.body !== undefined && { body: JSON.stringify(more.body) }) }
    const response = await call(path, init)
    const text = await response.text()
    this.hear(`${[...response.headers].map((pair) => pair.join(': ')).join('\n')}\n\n${text}`, `${method} ${path}`)
    this.count(kind, response.status)
    return { status: response.status, text }
  }

  count(kind: string, status: number): void {
    const key = `${kind} ${status}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }

  /** Ids of the service's making that both have been told of, though this one never sent them. */
  sharedWith(other: Actor): readonly string[] {
    const sent = [...this.#given, ...other.#given].join(' ')
    return [...this.made].filter((id) => other.made.has(id) && !sent.includes(id))
  }

  used(ticket: string): void {
    this.#remember('ticket', ticket)
  }

  #learn(text: string): void {
    for (const [, field = '', id = ''] of text.matchAll(/"(\w+_id)":"([^"]+)"/g)) {
      const kind = FIELDS[field]
      if (kind !== undefined) this.#remember(kind, id)
    }
    for (const [, id = ''] of text.matchAll(/(?:^id: |"id":")(n[0-9a-f]{16}-\d+)/gm)) this.#remember('cursor', id)
  }

  #remember(kind: Kind, id: string): void {
    const ids = this.#ids[kind]
    if (this.#given.has(id) || ids.includes(id)) return
    ids.push(id)
    if (ids.length > KEPT) ids.shift()
  }
}
