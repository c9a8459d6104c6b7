import fc from 'fast-check'

/** A call as it goes out. */
export interface Input {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
}

/** A valid call, and what of it may be spoiled. */
export interface Base {
  readonly method: string
  /** A part in braces stands for an id, which is spoiled too. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object
}

const deep = (n: number): unknown => JSON.parse('['.repeat(n) + ']'.repeat(n))

/** Values that a careless parser trips over. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  1e-300,
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'half \udfff a pair',
  '\u202e\u2028\u2029\u0085',
  '\ufeff',
  'NaN',
  'null',
  '../../etc/passwd',
  '%00',
  '%',
  "'; DROP TABLE requests; --",
  '<script>alert(1)</script>',
  'data: x\n\nevent: error\n\n',
  '\r\nX-Injected: yes',
  '__proto__',
  'constructor',
  'x'.repeat(129),
  'x'.repeat(70_000),
  'x'.repeat(210_000),
  '長'.repeat(3000),
  '0-0',
  '-1',
  '9'.repeat(400),
  'n0000000000000000-99999999999999999999',
  `p${'0'.repeat(32)}-1`,
  'user_somebody_1',
  [],
  {},
  [[]],
  [null],
  Array.from({ length: 300 }, () => 'x'),
  deep(20),
  deep(60),
  { toString: 'x', valueOf: 1, hasOwnProperty: null },
  { length: -1 },
  JSON.parse('{"__proto__":{"isAdmin":true}}'),
  { constructor: { prototype: { polluted: 1 } } },
]

const valueArb: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
)
const textArb = valueArb.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))

type Path = readonly (string | number)[]

/** Every place in a value, the whole of it first. */
function placesIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value)
  return [path, ...entries.flatMap(([key, inner]) => placesIn(inner, [...path, key]))]
}

/** The value with something done at a place; `undefined` there means gone. */
function changedAt(value: unknown, path: Path, change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return change(value)
  if (Array.isArray(value)) {
    return value.flatMap((old: unknown, i) => {
      const made = i === key ? changedAt(old, rest, change) : old
      return made === undefined ? [] : [made]
    })
  }
  const entries = Object.entries(Object(value)).map(([name, old]) => [
    name,
    name === key ? changedAt(old, rest, change) : old,
  ])
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined))
}

function withKey(old: unknown, key: string, value: unknown): unknown {
  return Object.fromEntries([...Object.entries(Object(old)), [key, value]])
}

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  '\0',
  'user_id',
  'extra',
  '$where',
  'x'.repeat(500),
]

/** JSON that is valid but for what was changed in it, or hardly JSON at all. */
export function spoiledJson(base: object): fc.Arbitrary<string> {
  const text = JSON.stringify(base)
  const placeArb = fc.constantFrom(...placesIn(base))
  const one = fc.tuple(placeArb, valueArb)
  const replaced =
    (from: unknown) =>
    ([place, value]: [Path, unknown]) =>
      changedAt(from, place, () => value)
  return fc.oneof(
    { weight: 8, arbitrary: one.map((how) => stringify(replaced(base)(how))) },
    // Two faults at once.
    {
      weight: 2,
      arbitrary: fc
        .tuple(one, one)
        .map(([a, [, value]]) => stringify(changedAt(replaced(base)(a), ['user_id'], () => value))),
    },
    { weight: 2, arbitrary: placeArb.map((place) => stringify(changedAt(base, place, () => undefined))) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(placeArb, fc.constantFrom(...KEYS), valueArb)
        .map(([place, key, value]) => stringify(changedAt(base, place, (old) => withKey(old, key, value)))),
    },
    { weight: 1, arbitrary: placeArb.map((place) => stringify(changedAt(base, place, (old) => [old]))) },
    // The same key twice: the last one counts.
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...Object.keys(base)), valueArb)
        .map(([key, value]) => `${text.slice(0, -1)},${JSON.stringify(key)}:${stringify(value)}}`),
    },
    { weight: 2, arbitrary: fc.nat(text.length - 1).map((length) => text.slice(0, length)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(`${text}${text}`, `\ufeff${text}`, `${text},`, `'${text}'`, text.replaceAll('"', "'")),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('[', '{'.repeat(40), '['.repeat(100_000), '"', '\\', '{"a":}', 'undefined', '\0'),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  )
}

function stringify(value: unknown): string {
  return JSON.stringify(value) ?? ''
}

const HEADERS = ['idempotency-key', 'last-event-id', 'content-type', 'x-time-zone', 'accept', 'x-stainless-retry-count']
const METHODS = ['PUT', 'PATCH', 'DELETE', 'POST', 'GET', 'HEAD', 'OPTIONS']

function queryOf(fields: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(fields).toString()
  return text === '' ? '' : `?${text}`
}

/** A header's value as HTTP lets it through. */
function headerSafe(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, 3000)
}

/** Calls with a fault, and now and then two. */
export function spoiledCall({ method, path, query = {}, body }: Base): fc.Arbitrary<Input> {
  const address = path.replaceAll(/[{}]/g, '')
  const plain: Input = {
    method,
    path: address + queryOf(query),
    headers: {},
    body: body === undefined ? null : JSON.stringify(body),
  }
  const names = Object.keys(query)
  const faults: fc.WeightedArbitrary<Partial<Input>>[] = [
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(...METHODS)
        .map((other) => ({ method: other, ...(hasNoBody(other) && { body: null }) })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...HEADERS), textArb)
        .map(([name, value]) => ({ headers: { [name]: headerSafe(value) } })),
    },
  ]
  if (body !== undefined) {
    faults.push({ weight: 20, arbitrary: spoiledJson(body).map((text) => ({ body: text })) })
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.constant(Uint8Array.of(0x22, 0xff, 0xc0, 0x80, 0x22)))
    faults.push({ weight: 1, arbitrary: bytes.map((raw) => ({ body: raw })) })
  }
  if (names.length > 0) {
    const value = textArb.map((text) => text.slice(0, 4000))
    faults.push(
      {
        weight: 12,
        arbitrary: fc
          .tuple(fc.constantFrom(...names), value)
          .map(([name, text]) => ({ path: address + queryOf({ ...query, [name]: text }) })),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(...names).map((name) => ({ path: address + queryOf({ ...query, [name]: '' }) })),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(
            fc.constantFrom(...names),
            fc.constantFrom('%', '%zz', '%c3%28', '%ed%a0%80', '%00', '&&=&', '#', '[]=1', '+'),
          )
          .map(([name, raw]) => ({ path: `${address}?${name}=${raw}&${name}=${raw}` })),
      },
    )
  }
  if (path.includes('{')) {
    const spoiled = textArb.map((text) =>
      path.replace(/\{.*\}/, encodeURIComponent(text.toWellFormed().slice(0, 1000))),
    )
    faults.push({ weight: 12, arbitrary: spoiled.map((where) => ({ path: where + queryOf(query) })) })
  }
  return fc.oneof(...faults).map((fault) => ({ ...plain, ...fault }))
}

function hasNoBody(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
