import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { Reader } from '../../src/edge/reader.ts'

const KIB = 1024

/** A reader of whose body a test takes pieces when it likes. */
function scene() {
  const told = { drained: 0, gone: 0 }
  const reader = new Reader({
    drained: () => {
      told.drained += 1
    },
    gone: () => {
      told.gone += 1
    },
  })
  const body = reader.body.getReader()
  let taken = 0
  return {
    reader,
    told,
    /** Takes at least so many bytes, whole pieces. */
    take: async (bytes: number): Promise<void> => {
      for (let left = bytes; left > 0; ) {
        const { value } = await body.read()
        if (value === undefined) throw new Error('the stream ended')
        left -= value.length
        taken += value.length
      }
    },
    get taken() {
      return taken
    },
  }
}

describe('a reader’s body', () => {
  it('[SB4] who takes little at a time is slow, and is not cut off, also while more comes than is taken', async () => {
    const { reader, told, take } = scene()
    reader.write('x'.repeat(480 * KIB), 0)
    expect(reader.isFull).toBe(true)
    // A look every 15 s, as the bridge has them; what is written in between hides in the queue's length.
    for (let now = 0; now <= 300_000; now += 15_000) {
      reader.check(now)
      expect({ now, isOver: reader.isOver }).toEqual({ now, isOver: false })
      await take(16 * KIB)
      reader.write('y'.repeat(20 * KIB), now)
    }
    expect(told).toEqual({ drained: 0, gone: 0 })
  })

  it('[SB4] who takes nothing for 30 s is cut off, whatever it took before', async () => {
    const { reader, told, take } = scene()
    reader.write('x'.repeat(480 * KIB), 0)
    await take(32 * KIB)
    reader.check(10_000)
    reader.check(10_000 + LIMITS.slowReaderMs)
    expect(reader.isOver).toBe(false)
    reader.check(10_001 + LIMITS.slowReaderMs)
    expect(told.gone).toBe(1)
  })

  it('[SB4] what it took before it was behind is no progress', async () => {
    const { reader, take } = scene()
    reader.write('x'.repeat(32 * KIB), 0)
    await take(32 * KIB)
    reader.write('x'.repeat(100 * KIB), 1000)
    reader.check(1001 + LIMITS.slowReaderMs)
    expect(reader.isOver).toBe(true)
  })

  it('[SB4] one large event comes whole, and who has caught up is told to be so', async () => {
    const one = scene()
    one.reader.write('é'.repeat(1_000_000), 0)
    expect(one.reader.isOver).toBe(false)
    await one.take(2_000_000)
    expect(one.taken).toBe(2_000_000)
    expect(one.told).toEqual({ drained: 1, gone: 0 })
    expect(one.reader.isFull).toBe(false)
    one.reader.check(1_000_000)
    expect(one.reader.isOver).toBe(false)
  })

  it('[SB4] at most so much waits for one', () => {
    const { reader, told } = scene()
    for (let i = 0; i < 20; i++) reader.write('x'.repeat(64 * KIB), 0)
    expect(told.gone).toBe(1)
  })
})
