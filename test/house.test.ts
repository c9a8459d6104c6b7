import { describe, expect, it } from 'vitest'
import {
  bare,
  codeFiles,
  type Import,
  importsOf,
  read,
  roomOf,
  sourceFiles,
  testTexts,
} from './support/source-files.ts'

/** Who may import whom: the table of src/SPEC.md. `index.ts` may import anything. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  dialects: ['core', 'dialects'],
  providers: ['core', 'providers'],
  agents: ['core', 'agents'],
  hub: ['core', 'providers', 'agents', 'env.ts', 'hub'],
  monitor: ['core', 'env.ts', 'monitor'],
  edge: ['core', 'dialects', 'env.ts', 'edge'],
  client: ['core', 'dialects', 'client'],
  web: ['client', 'web'],
  'env.ts': ['core', 'providers'],
}
/** What the edge may see of other rooms beside their types: what crosses between it and a hub. */
const EDGE_VALUES = new Set(['hub/protocol.ts'])
/** Packages that need no platform. */
const PURE = new Set(['zod', 'uuid'])
const MOST_LINES = 450
/** What a test's title begins with: a rule's id, or several side by side. */
const HEADS = /['"`]((?:\[[A-Z]+\d+\] ?)+)/g
/** Titles name the contract's dialects likewise. */
const DIALECT = /^D[1-7]$/

const imports = codeFiles().flatMap((file) => importsOf(file))
const inner = imports.filter(({ isPackage }) => !isPackage)

function isAllowed({ file, target, isType }: Import): boolean {
  const from = roomOf(file)
  const to = roomOf(target)
  if (from === 'index.ts') return true
  if (from === 'edge' && (to === 'hub' || to === 'monitor')) return isType || EDGE_VALUES.has(target)
  return ROOMS[from]?.includes(to) ?? false
}

function told(list: readonly Import[]): readonly string[] {
  return list.map(({ file, target }) => `${file} → ${target}`)
}

/** The first way round, or null. */
function cycle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): readonly string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const next of edges.get(file) ?? []) {
      const found = visit(next, [...path, file])
      if (found !== null) return found
    }
    done.add(file)
    return null
  }
  for (const file of edges.keys()) {
    const found = visit(file, [])
    if (found !== null) return found
  }
  return null
}

describe('the house', () => {
  it('[ROOMS] its files and imports are found', () => {
    expect(codeFiles()).toContain('core/ids.ts')
    expect(told(imports)).toEqual(expect.arrayContaining(['core/ids.ts → uuid', 'hub/hub.ts → core/log.ts']))
    const files = new Set(sourceFiles())
    expect(told(inner.filter(({ target }) => !files.has(target)))).toEqual([])
  })

  it('[ROOMS] the table is that of src/SPEC.md', () => {
    const rows = [...read('SPEC.md').matchAll(/^\| `(\w+)\/`\s*\|[^|]*\|([^|]*)\|/gm)]
    const table = Object.fromEntries(rows.map(([, room = '', words = '']) => [room, words.match(/\w+/g) ?? []]))
    for (const [room, words] of Object.entries(table)) {
      const own = (ROOMS[room] ?? []).filter((name) => name !== room).map((name) => name.replace('.ts', ''))
      const said = words.filter((word) => !['types', 'of', 'and', room].includes(word))
      const types = room === 'edge' ? ['hub', 'monitor'] : []
      expect({ room, may: [...own, ...types].toSorted() }).toEqual({ room, may: said.toSorted() })
    }
    expect(Object.keys(table).toSorted()).toEqual(
      Object.keys(ROOMS)
        .filter((room) => room !== 'env.ts')
        .toSorted(),
    )
  })

  it('[ROOMS] every file is in a room', () => {
    const known = new Set([...Object.keys(ROOMS), 'index.ts'])
    expect(codeFiles().filter((file) => !known.has(roomOf(file)))).toEqual([])
  })

  it('[ROOMS] no room imports one that it may not', () => {
    expect(told(inner.filter((one) => !isAllowed(one)))).toEqual([])
  })

  it('[ROOMS] there is no way round of imports, those of types neither', () => {
    const edges = new Map<string, string[]>()
    for (const { file, target } of inner) edges.set(file, [...(edges.get(file) ?? []), target])
    expect(cycle(edges)).toBeNull()
  })

  it('[ROOMS] core and dialects need no platform: zod and uuid are all that they import', () => {
    const pure = imports.filter(({ file, isPackage }) => isPackage && ['core', 'dialects'].includes(roomOf(file)))
    expect(told(pure.filter(({ target }) => !PURE.has(target)))).toEqual([])
  })

  it('[ROOMS] only env.ts reads variables and secrets by name', () => {
    const readers = codeFiles().filter((file) => /\benv\s*(\.|\[')[A-Z_]+_[A-Z_]+\b/.test(bare(read(file))))
    const bindings = /\benv\.(SESSION_HUB|MONITOR|ASSETS|ADDRESS_LIMIT)\b/g
    const others = readers.filter((file) => /\benv\s*\.[A-Z_]+\b/.test(bare(read(file)).replaceAll(bindings, '')))
    expect(others.filter((file) => file !== 'env.ts')).toEqual([])
  })

  it('[HABITS] no file is longer than 450 lines', () => {
    const long = sourceFiles().filter((file) => file !== 'worker-configuration.d.ts' && file !== 'SPEC.md')
    const lengths = long.map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
    expect(lengths.filter(({ lines }) => lines > MOST_LINES)).toEqual([])
  })

  it('[HABITS] types are not talked out of, and nothing is left to do', () => {
    const found = codeFiles().flatMap((file) => {
      const text = read(file)
      const code = bare(text)
      return [
        ...(/@ts-(ignore|expect-error|nocheck)/.test(text) ? [`${file}: ts-ignore`] : []),
        ...(/\b(TODO|FIXME|XXX|HACK)\b/.test(text) ? [`${file}: TODO`] : []),
        ...(/(?<=[:<|&,(]\s*|\bas\s+)any\b(?!\s*[:(?.])/.test(code) ? [`${file}: any`] : []),
        ...(/\bas\s+unknown\s+as\b/.test(code) ? [`${file}: as unknown as`] : []),
      ]
    })
    expect(found).toEqual([])
  })

  it('[HABITS] every rule that a test cites stands in SPEC.md, once', () => {
    const heads = testTexts().flatMap((text) => [...text.matchAll(HEADS)].map(([, ids = '']) => ids))
    const cited = new Set(heads.flatMap((ids) => ids.match(/[A-Z]+\d+/g) ?? []).filter((id) => !DIALECT.test(id)))
    expect([...cited]).toEqual(expect.arrayContaining(['LG1', 'DI11', 'TD1']))
    const stands = [...read('SPEC.md').matchAll(/^- \*\*(\w+)\*\*/gm)].map(([, id = '']) => id)
    expect([...cited].filter((id) => !stands.includes(id)).toSorted()).toEqual([])
    expect(stands.filter((id, i) => stands.indexOf(id) !== i)).toEqual([])
  })

  it('[HABITS] names are kebab-case, imports have their ending, and only the entry and configurations export a default', () => {
    expect(codeFiles().filter((file) => !/^([a-z0-9-]+\/)*[a-z0-9-]+(\.config)?\.tsx?$/.test(file))).toEqual([])
    expect(told(inner.filter(({ target }) => !/\.(tsx?|css)$/.test(target)))).toEqual([])
    const defaults = codeFiles().filter((file) => /^export default\b/m.test(bare(read(file))))
    expect(defaults.filter((file) => file !== 'index.ts' && !file.endsWith('.config.ts'))).toEqual([])
  })
})
