import { expect } from 'vitest'
import { Socket, Stream, wholeLog } from './support.ts'

/** Asks the one provider there is, which fails after three tokens, and holds both transports to what must follow. */
export async function expectFailure(user: string, code: string): Promise<void> {
  const socket = await Socket.open(`user_id=${user}`)
  const stream = await Stream.open(`/sse/ai-stream?user_id=${user}`)
  socket.say({ type: 'ai_request', prompt: 'Try', request_id: 'p-1' })
  await Promise.all([socket.end('p-1'), stream.end()])
  const error = { error_type: code, request_id: 'p-1' }
  expect(socket.logged.at(-1)).toMatchObject({ type: 'error', data: error })
  // FL2: the default subscription has no error_alert, and still the stream ends.
  expect(stream.logged.at(-1)).toMatchObject({ type: 'stream_error', data: error })
  expect(socket.events.some(({ event_type }) => event_type === 'chunk')).toBe(true)
  const ends = (await wholeLog(user)).filter(({ type }) => type === 'stream_end' || type === 'error')
  expect(ends).toHaveLength(1)
  socket.close()
  stream.close()
}
