import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { call as plainCall, Socket, Stream } from '../workers/support.ts'

/**
 * Who imports this has all that the service answers and logs held against every secret, after each of its tests: tokens,
 * tickets, the key. Calls, sockets and streams are to be opened by the functions of this file.
 */
const secrets = new Set<string>()
let witnesses: (() => unknown)[] = []
/** Lines of the console in the present test: the Worker's, the hubs' and the test's are one isolate. */
export let logged: string[] = []

/** Nothing may repeat it, or what of it cannot be guessed. */
export function keepSecret(text: string): void {
  secrets.add(text)
  const last = text.slice(text.lastIndexOf('.') + 1)
  if (last !== '') secrets.add(last)
}

// The Worker is loaded by its first request: no token's life is to pass by that.
beforeAll(async () => {
  await (await plainCall('/health')).text()
})

beforeEach(() => {
  witnesses = []
  logged = []
  for (const method of ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
      logged.push(words.map((word) => (word instanceof Error ? String(word.stack) : JSON.stringify(word))).join(' '))
    })
  }
})

afterEach(() => {
  vi.restoreAllMocks()
  expect(leaksIn([...answers(), ...logged])).toEqual([])
})

/** Those texts that tell a secret. */
export function leaksIn(told: readonly string[]): readonly string[] {
  return told.filter((text) => [...secrets].some((secret) => text.includes(secret)))
}

/** All that was answered in this test so far. */
export function answers(): readonly string[] {
  return witnesses.map((witness) => JSON.stringify(witness()))
}

/** @param hides what of the answer is meant for the caller alone, such as a new ticket */
export async function call(path: string, init?: RequestInit, hides: readonly string[] = []): Promise<Response> {
  const response = await plainCall(path, init)
  witnesses.push(() => [response.status, ...response.headers])
  if (response.body === null) return response
  let text = ''
  witnesses.push(() => hides.reduce((rest, field) => rest.replace(new RegExp(`"${field}":"[^"]+"`), ''), text))
  const decoder = new TextDecoder()
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      text += decoder.decode(piece, { stream: true })
      controller.enqueue(piece)
    },
  })
  return new Response(response.body.pipeThrough(heard), response)
}

export async function openSocket(query: string, headers: Record<string, string>): Promise<Socket> {
  const socket = await Socket.open(query, headers)
  witnesses.push(() => [socket.all, socket.bare, socket.closed])
  return socket
}

export async function openStream(
  path: string,
  headers: Record<string, string>,
  init: RequestInit = {},
): Promise<Stream> {
  const stream = await Stream.open(path, headers, init)
  witnesses.push(() => [[...stream.response.headers], stream.all])
  return stream
}
