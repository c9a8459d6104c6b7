import { connect, createServer, type Socket } from 'node:net'
import { portOf } from './server.ts'

/** A way to the service that is torn when a test says so: at once, or when the next answer begins to come. */
export class TearingProxy {
  readonly #open = new Set<Socket>()
  readonly #server = createServer((client) => this.#accept(client))
  readonly #upstream: number
  #tearsAtAnswer = false
  #torn = 0

  private constructor(upstream: number) {
    this.#upstream = upstream
  }

  static async start(upstream: number): Promise<TearingProxy> {
    const proxy = new TearingProxy(upstream)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  /** How many times it has torn what was open. */
  get torn(): number {
    return this.#torn
  }

  /** The next answer's first bytes get no further, and its connection is torn. */
  tearAtAnswer(): void {
    this.#tearsAtAnswer = true
  }

  /** Resets all connections that are open now; new ones are let through. */
  tear(): void {
    this.#torn += 1
    for (const socket of this.#open) socket.resetAndDestroy()
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const upstream = connect(this.#upstream, 'localhost')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#open.add(socket)
      // A reset of one side is the end of the other.
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#open.delete(socket)
        other.destroy()
      })
    }
    client.pipe(upstream)
    upstream.on('data', (bytes) => {
      if (!this.#tearsAtAnswer) {
        client.write(bytes)
        return
      }
      this.#tearsAtAnswer = false
      this.tear()
    })
  }
}
