import { connect, createServer, type Socket } from 'node:net'
import { randomFrom } from './client-random.ts'
import { portOf } from './server.ts'

/** Downstream bytes of a connection before it is torn: at least the answer's head, at most a part of a stream. */
const LEAST_BYTES = 400
const SPREAD_BYTES = 18_000

/** A TCP proxy that destroys connections at arbitrary bytes of what comes down, a number of times, then lets be. */
export class CuttingProxy {
  readonly #open = new Set<Socket>()
  readonly #random: () => number
  readonly #most: number
  readonly #upstream: number
  readonly #server = createServer((socket) => this.#accept(socket))
  #cuts = 0

  private constructor(upstream: number, seed: number, most: number) {
    this.#upstream = upstream
    this.#random = randomFrom(seed)
    this.#most = most
  }

  static async start(upstream: number, seed: number, most: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(upstream, seed, most)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  /** How many connections it has torn. */
  get cuts(): number {
    return this.#cuts
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const upstream = connect(this.#upstream, 'localhost')
    let budget =
      this.#cuts < this.#most ? LEAST_BYTES + Math.floor(this.#random() * SPREAD_BYTES) : Number.POSITIVE_INFINITY
    const tear = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      this.#open.add(socket)
      socket.on('error', tear)
      socket.on('close', () => {
        this.#open.delete(socket)
        tear()
      })
    }
    client.pipe(upstream)
    upstream.on('data', (bytes) => {
      if (bytes.length <= budget) {
        budget -= bytes.length
        client.write(bytes)
        return
      }
      this.#cuts += 1
      const torn = bytes.subarray(0, budget)
      budget = 0
      upstream.removeAllListeners('data')
      // What is before the cut arrives; the rest, in the middle of a line or a character, never does.
      client.write(torn, tear)
    })
  }
}
