import { connect, createServer, type Socket } from 'node:net'
import { portOf } from '../support/server.ts'

/** A way to a service on which connections are torn at arbitrary bytes of the answer, a number of times, then no more. */
export class TearingProxy {
  readonly #server
  readonly #open = new Set<Socket>()
  /** Bytes of each answer that come through, for those that are torn. */
  readonly #budgets: number[]
  #tears = 0

  private constructor(target: URL, budgets: readonly number[]) {
    this.#budgets = [...budgets]
    this.#server = createServer((client) => this.#pass(client, target))
  }

  /** @param tears for each of the first connections, at which byte of what comes down it is torn */
  static async to(url: string, tears: readonly number[]): Promise<TearingProxy> {
    const proxy = new TearingProxy(new URL(url), tears)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  get tears(): number {
    return this.#tears
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(client: Socket, target: URL): void {
    const upstream = connect(Number(target.port || 80), target.hostname)
    let left = this.#budgets.shift() ?? Number.POSITIVE_INFINITY
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
    upstream.on('data', (bytes: Buffer) => {
      if (bytes.length <= left) {
        left -= bytes.length
        client.write(bytes)
        return
      }
      this.#tears += 1
      const last = bytes.subarray(0, left)
      left = 0
      upstream.removeAllListeners('data')
      // What is before the tear arrives; the rest, from the middle of a line or a character on, never does.
      client.write(last, tear)
    })
  }
}
