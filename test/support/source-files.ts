import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const SRC = fileURLToPath(new URL('../../src/', import.meta.url))
const TESTS = fileURLToPath(new URL('../', import.meta.url))

/** An import of a source file. */
export interface Import {
  /** The importing file, from src. */
  readonly file: string
  /** A file, from src, or the name of a package. */
  readonly target: string
  readonly isPackage: boolean
  /** `import type` or `export type`: gone when the program runs. */
  readonly isType: boolean
}

/** All files under src, from src. */
export function sourceFiles(): readonly string[] {
  return filesUnder(SRC)
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted()
}

/** The text of each TypeScript file under test: suites of `support/` and `conformance/` have titles too. */
export function testTexts(): readonly string[] {
  const files = filesUnder(TESTS).filter((file) => file.endsWith('.ts'))
  return files.map((file) => readFileSync(join(TESTS, file), 'utf8'))
}

/** TypeScript that people write. */
export function codeFiles(): readonly string[] {
  return sourceFiles().filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
}

export function read(file: string): string {
  return readFileSync(join(SRC, file), 'utf8')
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`. */
const FROM = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"();]*?\sfrom\s*)?(['"])([^'"]+)\2/gm
const DYNAMIC = /\bimport\(\s*(['"])([^'"]+)\1/g

export function importsOf(file: string): readonly Import[] {
  const text = read(file)
  const found = [...text.matchAll(FROM)].map((match) => ({ to: match[3] ?? '', isType: match[1] !== undefined }))
  const dynamic = [...text.matchAll(DYNAMIC)].map((match) => ({ to: match[2] ?? '', isType: false }))
  return [...found, ...dynamic].map(({ to, isType }) => {
    const isPackage = !to.startsWith('.')
    const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] ?? to)
    return { file, target: isPackage ? name : normalize(join(dirname(file), to)), isPackage, isType }
  })
}

/** The room of a file: its folder, or its name when it is in none. */
export function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? file) : file
}

/**
 * A text without comments, and with empty strings. Template literals are left: what is in them is seldom code, and
 * where it is one wants to see it.
 */
export function bare(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"\\])\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (match) =>
    match.startsWith('/') ? '' : "''",
  )
}
