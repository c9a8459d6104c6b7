/** The wires of all kinds, of web standards only: tests in workerd read them too. */

type Wired = Uint8Array<ArrayBuffer>

/** How a kind's provider writes an answer, piece by piece. */
export interface Wire {
  /** What comes before the first text. */
  readonly begin: Wired
  text(content: string): Wired
  /** All that follows the last text: 3 tokens in, 2 out. */
  readonly end: Wired
  /** An error inside a 200. */
  error(said: string): Wired
  /** What no reader of this wire can read. */
  garbage(said: string): Wired
  /** An event of some 3 MB that does not end. */
  readonly huge: Wired
}

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
const DONE = encode('data: [DONE]\n\n')

function encode(text: string): Wired {
  return new Uint8Array(encoder.encode(text))
}

function events(...list: readonly unknown[]): Wired {
  return encode(list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
}

const garbled = {
  garbage: (said: string): Wired => encode(`data: ${said} {\n\n`),
  huge: encode(`data: ${'SAIDMARK'.repeat(400_000)}`),
}

export const chatWire: Wire = {
  begin: NOTHING,
  text: (content) => events({ id: 'c1', choices: [{ index: 0, delta: { content } }] }),
  end: concat(
    events(
      { id: 'c1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { id: 'c1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
    ),
    DONE,
  ),
  error: (said) => events({ error: { message: said, type: 'server_error', code: 'boom', param: null } }),
  ...garbled,
}

export const anthropicWire: Wire = {
  begin: events(
    {
      type: 'message_start',
      message: {
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'm-1',
        content: [],
        usage: { input_tokens: 3, output_tokens: 0 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ),
  text: (text) => events({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  end: events(
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } },
    { type: 'message_stop' },
  ),
  error: (message) => events({ type: 'error', error: { type: 'overloaded_error', message } }),
  ...garbled,
}

export const geminiWire: Wire = {
  begin: NOTHING,
  text: (text) => events({ candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }] }),
  end: events({
    candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
  }),
  error: (message) => events({ error: { code: 503, message, status: 'UNAVAILABLE' } }),
  ...garbled,
}

export const bedrockWire: Wire = {
  begin: message('messageStart', { role: 'assistant' }),
  text: (text) => message('contentBlockDelta', { contentBlockIndex: 0, delta: { text } }),
  end: concat(
    message('contentBlockStop', { contentBlockIndex: 0 }),
    message('messageStop', { stopReason: 'end_turn' }),
    message('metadata', { usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 }, metrics: { latencyMs: 1 } }),
  ),
  error: (said) => message('serviceUnavailableException', { message: said }, 'exception'),
  garbage: (said) => encode(`\0\0\0\x02${said}`),
  huge: concat(Uint8Array.of(0, 0x30, 0, 0), encode('SAIDMARK'.repeat(100))),
}

/** Workers AI's own events, of older models. */
export const workersAiWire: Wire = {
  begin: NOTHING,
  text: (response) => events({ response, p: 'abc' }),
  end: concat(events({ response: '', usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }), DONE),
  error: (said) => events({ error: { message: said, code: 3040 } }),
  ...garbled,
}

/** A message in AWS's event stream encoding. */
export function message(type: string, payload: unknown, kind: 'event' | 'exception' = 'event'): Wired {
  const headers = concat(
    header(':message-type', kind),
    header(`:${kind}-type`, type),
    header(':content-type', 'application/json'),
  )
  const body = encode(JSON.stringify(payload))
  const lengths = concat(uint32(8 + 4 + headers.length + body.length + 4), uint32(headers.length))
  const checked = concat(lengths, uint32(crc32(lengths)), headers, body)
  return concat(checked, uint32(crc32(checked)))
}

/** A header whose value is a text, which is type 7. */
function header(name: string, value: string): Wired {
  const type = Uint8Array.of(7, 0, value.length)
  return concat(Uint8Array.of(name.length), encode(name), type, encode(value))
}

export function concat(...pieces: readonly Uint8Array[]): Wired {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function uint32(value: number): Wired {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return (sum ^ 0xffffffff) >>> 0
}
