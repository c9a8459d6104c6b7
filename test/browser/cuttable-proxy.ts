import { createConnection, createServer, type Socket } from 'node:net'

/** A way to the service that can be cut: Chromium's own offline switch leaves running streams alone. */
export class CuttableProxy {
  readonly #sockets = new Set<Socket>()
  #isCut = false
  readonly #server

  private constructor(target: URL) {
    this.#server = createServer((client) => {
      if (this.#isCut) {
        client.resetAndDestroy()
        return
      }
      const upstream = createConnection(Number(target.port), target.hostname)
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(from)
        from.pipe(to)
        // A reset of one side is the end of the other; there is nothing else to do about it.
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
      }
    })
  }

  static async to(base: string): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(new URL(base))
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port')
    return `http://localhost:${address.port}`
  }

  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  mend(): void {
    this.#isCut = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
