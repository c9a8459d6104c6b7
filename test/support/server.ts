import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server as NetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { groupEnds, groupMembers, memoryOf, signalGroup } from './server-processes.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The first start builds the pages, on a machine that may be busy. */
const READY_MS = 50_000
const POLITE_MS = 4000

/**
 * Runs npm, and kills the group when the other end of descriptor 3 closes: that is when the test's process is gone, in
 * whatever way, and could not stop the server itself.
 */
const GUARDED = '(cat <&3 >/dev/null; kill -KILL 0) & exec npm "$@"'

export interface ServerOptions {
  readonly vars?: Readonly<Record<string, string>>
  /** Absent: a directory that goes away with `stop`. */
  readonly persistTo?: string
  /** Absent: a free one. */
  readonly port?: number
}

/** Settings of the embedded provider as `PROVIDERS`; the first is the default, others go by `model_preference`. */
export function embedded(providers: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.entries(providers).map(([name, query]) => ({ name, kind: 'embedded', base_url: `embedded:?${query}` })),
  )
}

/** `npm start` as a process group of its own. */
export class Server {
  readonly url: string
  readonly #options: Required<ServerOptions>
  readonly #owned: string | null
  #group = 0
  #output = ''

  private constructor(options: ServerOptions, port: number) {
    this.#owned = options.persistTo === undefined ? mkdtempSync(join(tmpdir(), 'freshet-e2e-')) : null
    this.#options = { vars: options.vars ?? {}, persistTo: options.persistTo ?? this.#owned ?? '', port }
    this.url = `http://localhost:${port}`
  }

  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options, options.port ?? (await freePort()))
    await server.#run()
    return server
  }

  get port(): number {
    return this.#options.port
  }

  get persistTo(): string {
    return this.#options.persistTo
  }

  /** All that it has printed, this life's and earlier ones'. */
  get output(): string {
    return this.#output
  }

  /** The processes of workerd: wrangler's proxy, and the one with the Worker and its storage. */
  get pids(): readonly number[] {
    return groupMembers(this.#group)
      .filter(({ command }) => /\/workerd serve /.test(command))
      .map(({ pid }) => pid)
  }

  /** MB that workerd holds, both processes: now, and the sum of the most that each ever held. */
  memory(): { readonly now: number; readonly most: number } {
    const each = this.pids.map(memoryOf)
    return { now: each.reduce((sum, { now }) => sum + now, 0), most: each.reduce((sum, { most }) => sum + most, 0) }
  }

  /** SIGKILL to workerd, then to everything else of the group; nothing gets a chance to tidy up. */
  async kill9Workerd(): Promise<void> {
    for (const pid of this.pids) process.kill(pid, 'SIGKILL')
    signalGroup(this.#group, 'SIGKILL')
    if (!(await groupEnds(this.#group, POLITE_MS))) throw new Error('SIGKILL left processes behind')
  }

  /** After a kill: the same port, the same storage, the same variables. */
  async restart(): Promise<void> {
    await this.#run()
  }

  /** Ends it. @throws Error when a process is left */
  async stop(): Promise<void> {
    signalGroup(this.#group, 'SIGTERM')
    // workerd waits for its clients, and they may be what a test has left hanging on purpose.
    if (!(await groupEnds(this.#group, POLITE_MS))) await this.kill9Workerd()
    if (this.#owned !== null) rmSync(this.#owned, { recursive: true, force: true })
    const left = groupMembers(this.#group)
    if (left.length > 0) throw new Error(`left behind: ${left.map(({ command }) => command).join('; ')}`)
  }

  async #run(): Promise<void> {
    const { vars, persistTo, port } = this.#options
    // A test asks faster than any user may; what is to be limited says so.
    const named = Object.entries({ RATE_LIMIT_PER_MINUTE: '0', ...vars }).flatMap(([name, value]) => [
      '--var',
      `${name}:${value}`,
    ])
    const args = ['start', '--silent', '--', '--port', String(port), '--persist-to', persistTo, ...named]
    const child = spawn('sh', ['-c', GUARDED, 'npm', ...args], {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const group = child.pid ?? 0
    this.#group = group
    let printed = ''
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => {
        signalGroup(group, 'SIGKILL')
        reject(new Error(`${why}\n${printed}`))
      }
      const late = setTimeout(() => fail('the server was not ready in time'), READY_MS)
      const hear = (bytes: Buffer) => {
        this.#output += String(bytes)
        printed += String(bytes)
        if (!printed.includes(`Ready on ${this.url}`)) return
        clearTimeout(late)
        resolve()
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      child.once('error', (error) => fail(error.message))
      child.once('exit', (code) => {
        clearTimeout(late)
        fail(`the server ended with ${code}`)
      })
    })
  }
}

/** Starts a server and resolves when it is ready. */
export function startServer(options: ServerOptions = {}): Promise<Server> {
  return Server.start(options)
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const port = portOf(probe)
  await new Promise((resolve) => probe.close(resolve))
  return port
}

export function portOf(listening: NetServer): number {
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  return address.port
}
