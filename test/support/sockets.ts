import type { Attachment } from '../../src/core/connection.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { type Envelope, parseEnvelope, splitFrame } from '../../src/core/wire.ts'
import { type HubSocket, Peer } from '../../src/hub/peer.ts'

/** A socket that keeps what it was given. */
export class FakeSocket implements HubSocket {
  readonly frames: string[] = []
  readonly closes: { readonly code: number; readonly reason: string }[] = []
  attachment: unknown = undefined
  bufferedAmount = 0
  isDead = false

  send(text: string): void {
    if (this.isDead) throw new TypeError('the socket is closed')
    this.frames.push(text)
  }

  close(code: number, reason: string): void {
    if (this.isDead) throw new TypeError('the socket is closed')
    this.closes.push({ code, reason })
  }

  serializeAttachment(value: unknown): void {
    this.attachment = structuredClone(value)
  }

  get envelopes(): readonly Envelope[] {
    return this.frames.flatMap(splitFrame).map(parseEnvelope)
  }

  /** The numbers of the log's events that it was given, in order. */
  get seqs(): readonly number[] {
    return this.envelopes.flatMap(({ id }) => (id === null ? [] : [Number(id.split('-')[1])]))
  }

  fill(): void {
    this.bufferedAmount = LIMITS.socketBufferBytes
  }
}

export function attachmentOf(more: Partial<Attachment> = {}): Attachment {
  return {
    v: 1,
    id: 's1',
    kind: 'socket',
    user_id: 'ann',
    filter: {
      channels: ['ai_response', 'progress_update'],
      conversation_id: null,
      client_id: 's1',
      progress_every: 5,
      request_id: null,
    },
    preferences: {},
    connected_at: 1000,
    active_at: 1000,
    from_seq: 0,
    behind: null,
    expires_at: null,
    ...more,
  }
}

export interface Connected {
  readonly socket: FakeSocket
  readonly peer: Peer
}

export function connected(more: Partial<Attachment> = {}): Connected {
  const socket = new FakeSocket()
  return { socket, peer: new Peer(socket, attachmentOf(more)) }
}
