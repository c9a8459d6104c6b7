import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { addressTo } from '../../src/core/wire.ts'
import { Peer } from '../../src/hub/peer.ts'
import { anyText } from '../support/any-text.ts'
import { attachmentOf, connected, FakeSocket } from '../support/sockets.ts'

const LINES = ['{"event_type":"chunk"}', '{"event_type":"wörd 🌊"}']

describe('a connection', () => {
  it('[FO2] gets shared texts with its own id in front: a socket a frame each, a bridge all in one', () => {
    const socket = connected({ id: 'tab "1"' })
    socket.peer.send(LINES)
    expect(socket.socket.frames).toEqual(LINES.map((line) => addressTo('tab "1"', line)))
    expect(JSON.parse(socket.socket.frames[1] ?? '')).toEqual({ session_id: 'tab "1"', event_type: 'wörd 🌊' })
    const bridge = connected({ kind: 'bridge', id: 'c1' })
    bridge.peer.send(LINES)
    expect(bridge.socket.frames).toEqual([LINES.map((line) => addressTo('c1', line)).join('\n')])
  })

  it.each(['socket', 'bridge'] as const)('[FO2] a %s says how many bytes it was handed', (kind) => {
    fc.assert(
      fc.property(fc.array(anyText(), { maxLength: 5 }), (texts) => {
        const { peer, socket } = connected({ kind })
        const bytes = peer.send(texts.map((text) => JSON.stringify({ text })))
        expect(bytes).toBe(socket.frames.reduce((sum, frame) => sum + new TextEncoder().encode(frame).length, 0))
      }),
    )
  })

  it('[FO4] a socket that throws is a closed connection, which is given nothing more', () => {
    for (const kind of ['socket', 'bridge'] as const) {
      const { peer, socket } = connected({ kind })
      socket.isDead = true
      expect(peer.send(LINES)).toBe(0)
      expect(peer.closed).toBe(true)
      expect(peer.isLive).toBe(false)
      socket.isDead = false
      expect(peer.send(LINES)).toBe(0)
      expect(socket.frames).toEqual([])
    }
    const { peer, socket } = connected()
    socket.isDead = true
    peer.sendBare('pong')
    expect(peer.closed).toBe(true)
    expect(() => peer.close(4408, 'slow')).not.toThrow()
  })

  it('[FO3] a bridge is full when its window is unacknowledged, and has room for what it acknowledges', () => {
    const { peer, socket } = connected({ kind: 'bridge' })
    const line = JSON.stringify({ text: 'x'.repeat(100_000) })
    let frames = 0
    while (!peer.isFull) {
      peer.send([line])
      frames += 1
    }
    const given = socket.frames.reduce((sum, frame) => sum + frame.length, 0)
    expect(given).toBeGreaterThanOrEqual(LIMITS.bridgeWindowBytes)
    expect(given - (socket.frames[0]?.length ?? 0)).toBeLessThan(LIMITS.bridgeWindowBytes)
    expect(frames).toBe(6)
    peer.acknowledge(given - LIMITS.bridgeWindowBytes)
    expect(peer.isFull).toBe(true)
    peer.acknowledge(1)
    expect(peer.isFull).toBe(false)
    // Who acknowledges more than it got has no larger window for it.
    peer.acknowledge(1e9)
    socket.fill()
    for (let i = 0; i < 6; i++) {
      expect(peer.isFull).toBe(false)
      peer.send([line])
    }
    expect(peer.isFull).toBe(true)
  })

  it('[FO3] a socket is full when it has 1 MiB unsent', () => {
    const { peer, socket } = connected()
    socket.bufferedAmount = 1024 * 1024 - 1
    expect(peer.isFull).toBe(false)
    socket.bufferedAmount += 1
    expect(peer.isFull).toBe(true)
  })

  it('[HB2] what changes is in its attachment, and a later instance restores it from there', () => {
    const { peer, socket } = connected()
    peer.update({ behind: 7, preferences: { language: 'de' } })
    expect(socket.attachment).toEqual(attachmentOf({ behind: 7, preferences: { language: 'de' } }))
    const restored = Peer.restore(socket, socket.attachment)
    expect(restored?.at).toEqual(peer.at)
    expect(restored?.isLive).toBe(false)
  })

  it.each<[string, unknown]>([
    ['nothing', null],
    ['of another version', { ...attachmentOf(), v: 2 }],
    ['without a filter', { ...attachmentOf(), filter: undefined }],
  ])('[HB2] an attachment that is %s is not restored', (_, stored) => {
    expect(Peer.restore(new FakeSocket(), stored)).toBeNull()
  })
})
