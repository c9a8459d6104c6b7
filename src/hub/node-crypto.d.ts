/** The one function of Node's crypto that is used here: a hash without a promise, so that a request begins in one turn. */
declare module 'node:crypto' {
  interface Hash {
    update(text: string): Hash
    digest(encoding: 'base64' | 'hex'): string
  }
  export function createHash(algorithm: 'sha256'): Hash
}
