import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from 'vitest'
import * as z from 'zod'
import { Service } from './service.ts'

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu']
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string(), summary: z.string() }))),
})

let browser: Browser
let service: Service | null = null
let storage = ''
let base = process.env['FRESHET_URL'] ?? ''

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...QUIET] })
  if (base !== '') return
  storage = await mkdtemp(join(tmpdir(), 'freshet-docs-'))
  service = await Service.start(storage)
  base = service.url
})
afterAll(async () => {
  await browser?.close()
  await service?.kill()
  if (storage !== '') await rm(storage, { recursive: true, force: true })
})

interface Visit {
  readonly page: Page
  /** Errors of the page, of its console, and of what it loaded. */
  readonly faults: string[]
  readonly hosts: Set<string>
}

async function visit(path: string, dark = false): Promise<Visit> {
  const context = await browser.newContext({
    colorScheme: dark ? 'dark' : 'light',
    viewport: { width: 1200, height: 900 },
  })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const faults: string[] = []
  const hosts = new Set<string>()
  onTestFailed(() => console.error(faults, [...hosts]))
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).origin)
  })
  await page.goto(`${base}${path}`)
  return { page, faults, hosts }
}

/** Each operation of the document by its id, as its line on the page should begin. */
async function operations(): Promise<ReadonlyMap<string, string>> {
  const { paths } = documentSchema.parse(await (await fetch(`${base}/openapi.json`)).json())
  return new Map(
    Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId, summary }]) => [
        operationId,
        `${method.toUpperCase()} ${path} ${summary}`,
      ]),
    ),
  )
}

describe('the documentation page', () => {
  it('[DO4] /docs lists every operation of the document, asks nobody else and breaks no policy', async () => {
    const { page, faults, hosts } = await visit('/docs')
    const lines = page.locator('.opblock-summary')
    const told = await operations()
    expect(told.size).toBeGreaterThan(8)
    await expect.poll(() => lines.count(), { timeout: 20_000 }).toBe(told.size)
    const shown = await lines.evaluateAll((all) =>
      all.map((line) =>
        ['method', 'path', 'description']
          .map((part) => line.querySelector(`.opblock-summary-${part}`)?.textContent?.replaceAll('\u200b', '').trim())
          .join(' '),
      ),
    )
    expect(shown.toSorted()).toEqual([...told.values()].toSorted())
    expect([...hosts]).toEqual([new URL(base).origin])
    expect(faults).toEqual([])
  })

  it('[DO4] a stream shows its events, and an endpoint can be tried there', async () => {
    const { page, faults } = await visit('/docs')
    const stream = page.locator('#operations-D2_Events-getSseAiStream')
    await stream.locator('.opblock-summary').click()
    await stream.locator('td', { hasText: /^stream_complete$/ }).waitFor()
    await stream.getByText('SseStreamComplete').waitFor()
    const health = page.locator('#operations-Operator-getHealth')
    await health.locator('.opblock-summary-control').click()
    await health.getByRole('button', { name: 'Try it out' }).click()
    await health.getByRole('button', { name: 'Execute' }).click()
    await health.locator('.live-responses-table .microlight', { hasText: '"healthy"' }).first().waitFor()
    const shot = process.env['SCREENSHOTS']
    if (shot !== undefined) await page.screenshot({ path: join(shot, 'docs.png'), fullPage: true })
    expect(faults).toEqual([])
  })

  it('[DO4] it is dark where the reader’s system is', async () => {
    const { page, faults } = await visit('/docs', true)
    await page.locator('.opblock-summary').first().waitFor()
    const lightness = await page.evaluate(() => {
      const [red = 255] = getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? []
      return red
    })
    expect(lightness).toBeLessThan(80)
    expect(faults).toEqual([])
  })

  it('[DO4] the address works with a slash at its end too, and its files are not run as anything else', async () => {
    const { page } = await visit('/docs/')
    await page.locator('.opblock-summary').first().waitFor()
    const headers = (await fetch(`${base}/docs`)).headers
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'self'; img-src 'self' data:;/)
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
    expect((await fetch(`${base}/docs/swagger-ui-bundle.js`)).headers.get('x-content-type-options')).toBe('nosniff')
    expect((await fetch(`${base}/demo`)).headers.get('content-security-policy')).toMatch(/connect-src 'self' ws: wss:/)
  })
})
