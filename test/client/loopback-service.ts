import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type RawData, type WebSocket as ServerSocket, WebSocketServer } from 'ws'
import type { Envelope } from '../../src/core/wire.ts'

export interface Post {
  readonly path: string
  readonly body: string
}

/** A service without a mind: it keeps what clients sent, and sends what the test says. */
export class LoopbackService {
  /** Query of each WebSocket, in order. */
  readonly queries: URLSearchParams[] = []
  /** `Last-Event-ID` of each event stream, in order. */
  readonly cursors: string[] = []
  readonly protocols: string[] = []
  readonly frames: Record<string, unknown>[] = []
  /** What came in before anything else, of each WebSocket that sent something. */
  readonly firsts: string[] = []
  readonly posts: Post[] = []
  /** How the next POSTs and event streams are answered, a status each; 200 after that. */
  readonly answers: number[] = []
  #sockets: ServerSocket[] = []
  #streams: ServerResponse[] = []
  readonly #server = createServer((request, response) => void this.#http(request, response))

  static async start(): Promise<LoopbackService> {
    const service = new LoopbackService()
    new WebSocketServer({ server: service.#server, handleProtocols: ([first]) => first ?? false }).on(
      'connection',
      (socket, request) => service.#accept(socket, request),
    )
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve))
    return service
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the service listens on no port')
    return `http://127.0.0.1:${address.port}`
  }

  /** To every open connection of either kind. */
  send(...events: readonly Envelope[]): void {
    for (const event of events) {
      for (const socket of this.#sockets) socket.send(JSON.stringify(event))
      const id = event.id === null ? '' : `id: ${event.id}\n`
      for (const stream of this.#streams) {
        stream.write(`${id}event: ${event.event_type}\ndata: ${JSON.stringify(event.data)}\n\n`)
      }
    }
  }

  sendRaw(text: string): void {
    for (const socket of this.#sockets) socket.send(text)
  }

  /** Cuts every connection, cleanly with a code or not at all. */
  cut(code?: number, reason?: string): void {
    for (const socket of this.#sockets) {
      if (code === undefined) socket.terminate()
      else socket.close(code, reason)
    }
    for (const stream of this.#streams) stream.destroy()
    this.#sockets = []
    this.#streams = []
  }

  async stop(): Promise<void> {
    this.cut()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(socket: ServerSocket, request: IncomingMessage): void {
    this.queries.push(new URL(request.url ?? '', 'http://x').searchParams)
    this.protocols.push(socket.protocol)
    this.#sockets.push(socket)
    socket.once('message', (raw) => this.firsts.push(textOf(raw)))
    socket.on('message', (raw) => {
      const text = textOf(raw)
      if (text === 'ping') socket.send('pong')
      else this.frames.push(JSON.parse(text))
    })
  }

  async #http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      let body = ''
      for await (const part of request) body += part
      this.posts.push({ path: request.url ?? '', body })
      return this.#answer(response)
    }
    this.cursors.push(String(request.headers['last-event-id']))
    if (this.answers.length > 0) return this.#answer(response)
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.flushHeaders()
    this.#streams.push(response)
  }

  #answer(response: ServerResponse): void {
    response.writeHead(this.answers.shift() ?? 200, { 'Content-Type': 'application/problem+json' })
    response.end(JSON.stringify({ code: 'bad_request', detail: 'It is not understood.' }))
  }
}

function textOf(raw: RawData): string {
  return Buffer.isBuffer(raw) ? raw.toString() : '{}'
}
