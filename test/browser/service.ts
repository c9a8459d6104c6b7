import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 50_000

/** `npm start` in a process group of its own, on storage that outlives it. */
export class Service {
  readonly url: string
  readonly #port: number
  readonly #storage: string
  #child: ChildProcess | undefined

  private constructor(port: number, storage: string) {
    this.url = `http://localhost:${port}`
    this.#port = port
    this.#storage = storage
  }

  static async start(storage: string): Promise<Service> {
    const service = new Service(await freePort(), storage)
    await service.up()
    return service
  }

  async up(): Promise<void> {
    const port = String(this.#port)
    const child = spawn(
      'npm',
      ['start', '--', '--port', port, '--inspector-port', '0', '--persist-to', this.#storage],
      {
        cwd: ROOT,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    this.#child = child
    let said = ''
    child.stdout.on('data', (text) => (said += text))
    child.stderr.on('data', (text) => (said += text))
    for (const end = Date.now() + START_MS; Date.now() < end; await pause(200)) {
      if (child.exitCode !== null) break
      if (await answers(this.url)) return
    }
    await this.kill()
    throw new Error(`npm start did not serve ${this.url}:\n${said}`)
  }

  /** Ends the group that it started, without a goodbye. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.pid === undefined) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    process.kill(-child.pid, 'SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await gone
    while (await answers(this.url)) await pause(50)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    (response) => response.ok,
    () => false,
  )
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
