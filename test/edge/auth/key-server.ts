import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type GenerateKeyPairOptions, generateKeyPair, type JWK } from 'jose'

/** A key pair of an issuer, and the public half as it stands in the issuer's key set. */
export interface IssuerKey {
  readonly alg: string
  readonly kid: string
  readonly sign: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

export async function issuerKey(alg: string, kid: string, options: GenerateKeyPairOptions = {}): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...options })
  return { alg, kid, sign: privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** What the issuer's address answers. */
interface Answer {
  readonly status?: number
  readonly body: string
  readonly location?: string
}

/** An issuer's key set on loopback, whose answer a test can change and whose calls it can count. */
export class KeyServer {
  readonly #server: Server
  #answer: Answer = { body: '{"keys":[]}' }
  calls = 0

  private constructor() {
    this.#server = createServer((_, response) => {
      this.calls += 1
      const { status = 200, body, location } = this.#answer
      const more = location === undefined ? {} : { location }
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...more }).end(body)
    })
  }

  static async start(): Promise<KeyServer> {
    const server = new KeyServer()
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve)
    })
    return server
  }

  get url(): URL {
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('it does not listen')
    return new URL(`http://127.0.0.1:${address.port}/jwks.json`)
  }

  /** The key set from now on. */
  publish(...keys: readonly object[]): void {
    this.#answer = { body: JSON.stringify({ keys }) }
  }

  answer(answer: Answer): void {
    this.#answer = answer
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }
}
