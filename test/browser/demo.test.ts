import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed, onTestFinished } from 'vitest'
import { CuttableProxy } from './cuttable-proxy.ts'
import { Service } from './service.ts'

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu']
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
/** An answer of some seconds: time to cut it. */
const PROMPT = 'Explain event streams with a small code example'

let browser: Browser
let service: Service | null = null
let storage = ''
let base = process.env['FRESHET_URL'] ?? ''
let context: BrowserContext
let user = ''
let faults: string[] = []

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...QUIET] })
  if (base !== '') return
  storage = await mkdtemp(join(tmpdir(), 'freshet-browser-'))
  service = await Service.start(storage)
  base = service.url
})
afterAll(async () => {
  await browser?.close()
  await service?.kill()
  if (storage !== '') await rm(storage, { recursive: true, force: true })
})
beforeEach(async () => {
  context = await browser.newContext()
  user = `browser-${crypto.randomUUID()}`
  faults = []
})
afterEach(async () => {
  await context.close()
})

type Transport = 'websocket' | 'sse'

async function open(transport: Transport = 'websocket', query = `user=${user}`, at = base): Promise<Page> {
  const page = await context.newPage()
  onTestFailed(async () => {
    if (!page.isClosed()) console.error(faults, await page.locator('body').textContent())
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    // A browser reports each refused connection attempt; that is what these tests are about.
    const isCut = /ERR_(INTERNET_DISCONNECTED|CONNECTION|NETWORK|EMPTY|INCOMPLETE)/.test(message.text())
    if (message.type() === 'error' && !isCut) faults.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(`${at}/demo?${query}${transport === 'sse' ? '&transport=sse' : ''}`)
  await status(page, 'open')
  return page
}

const status = (page: Page, value: string) => page.locator(`[data-testid=connection][data-status=${value}]`).waitFor()
const exchange = (page: Page, state?: string): Locator =>
  page.locator(`[data-testid=exchange]${state === undefined ? '' : `[data-status=${state}]`}`)
const answer = (page: Page): Locator => page.getByTestId('answer').last()
const textOf = async (page: Page): Promise<string> => (await answer(page).textContent()) ?? ''
/** What of a text stays as it is while more comes: the beginning of a code fence still changes. */
const stem = (text: string): string => text.replace(/[`\s]+$/, '')

async function ask(page: Page, prompt: string): Promise<void> {
  await page.getByTestId('prompt').fill(prompt)
  await page.getByTestId('prompt').press('Enter')
}

/** Waits until at least so many characters of the last answer are there while it still runs. */
async function written(page: Page, chars: number): Promise<string> {
  await exchange(page, 'running').waitFor()
  await expect
    .poll(async () => ((await answer(page).count()) === 0 ? 0 : (await textOf(page)).length), { timeout: 20_000 })
    .toBeGreaterThan(chars)
  return await textOf(page)
}

describe.each<Transport>(['websocket', 'sse'])('demo over %s', (transport) => {
  it('[WB2] two windows of a user stay in step while the answer streams', async () => {
    const first = await open(transport)
    const second = await open(transport)
    await ask(first, PROMPT)
    await exchange(second, 'running').waitFor()
    expect(await second.getByTestId('exchange-prompt').textContent()).toContain(PROMPT)
    const early = await Promise.all([written(first, 10), written(second, 10)])
    await Promise.all([exchange(first, 'complete').waitFor(), exchange(second, 'complete').waitFor()])
    expect(await textOf(second)).toBe(await textOf(first))
    for (const text of early) expect((await textOf(first)).length).toBeGreaterThan(text.length)
    expect(faults).toEqual([])
  })

  it('[WB3] Stop ends the answer in every window, keeps what is written and says so', async () => {
    const first = await open(transport)
    const second = await open(transport === 'sse' ? 'websocket' : 'sse')
    await ask(first, PROMPT)
    await written(first, 30)
    await second.getByTestId('stop').click()
    await Promise.all([exchange(first, 'cancelled').waitFor(), exchange(second, 'cancelled').waitFor()])
    expect(await first.getByTestId('ending').textContent()).toMatch(/^Stopped/)
    expect((await textOf(first)).length).toBeGreaterThan(30)
    expect(await textOf(second)).toBe(await textOf(first))
    expect(await first.getByTestId('stop').count()).toBe(0)
    expect(faults).toEqual([])
  })

  it('[WB4] a window that is closed in the middle and opened again has it whole', async () => {
    const first = await open(transport)
    const witness = await open(transport)
    await ask(first, PROMPT)
    await written(first, 30)
    await first.close()
    const again = await open(transport)
    await written(again, 30)
    await Promise.all([exchange(again, 'complete').waitFor(), exchange(witness, 'complete').waitFor()])
    expect(await textOf(again)).toBe(await textOf(witness))
    expect(await exchange(again).count()).toBe(1)
    expect(faults).toEqual([])
  })

  it('[WB4] a window that is opened when nobody was there any more has it whole', async () => {
    const first = await open(transport)
    await ask(first, PROMPT)
    await written(first, 10)
    await first.close()
    const again = await open(transport)
    await exchange(again, 'complete').waitFor()
    expect((await textOf(again)).length).toBeGreaterThan(100)
  })

  it('[WB1] a prompt with markup is text, and so is the answer that repeats it', async () => {
    const page = await open(transport)
    const markup = '<img src=x onerror=alert(1)>'
    page.on('dialog', (dialog) => {
      faults.push('a dialog opened')
      void dialog.dismiss()
    })
    await ask(page, markup)
    await exchange(page, 'complete').waitFor()
    expect(await page.getByTestId('exchange-prompt').textContent()).toContain(markup)
    expect(await page.locator('main img').count()).toBe(0)
    expect(faults).toEqual([])
  })

  it('[WB5] a prompt that is written offline is shown as waiting, and sent when the network is back', async () => {
    const page = await open(transport)
    await context.setOffline(true)
    await status(page, 'waiting')
    await ask(page, 'hello')
    await page.locator('[data-testid=pending][data-status=waiting]').waitFor()
    await context.setOffline(false)
    await exchange(page, 'complete').waitFor()
    expect(await exchange(page).count()).toBe(1)
    expect(await page.getByTestId('pending').count()).toBe(0)
  })

  it('[WB5] a cut in the middle of an answer: the text stays, and comes to its end', async () => {
    const proxy = await CuttableProxy.to(base)
    onTestFinished(() => proxy.close())
    const page = await open(transport, `user=${user}`, proxy.url)
    const witness = await open(transport)
    await ask(page, PROMPT)
    await written(page, 30)
    proxy.cut()
    await status(page, 'waiting')
    const kept = await textOf(page)
    expect(kept.length).toBeGreaterThan(30)
    expect(await page.getByTestId('connection').textContent()).toMatch(/Reconnecting|Retry in/)
    await expect.poll(async () => (await textOf(witness)).length).toBeGreaterThan(kept.length + 20)
    expect(await textOf(page)).toBe(kept)
    proxy.mend()
    await Promise.all([exchange(page, 'complete').waitFor(), exchange(witness, 'complete').waitFor()])
    expect((await textOf(page)).startsWith(stem(kept))).toBe(true)
    expect(await textOf(page)).toBe(await textOf(witness))
  })
})

describe('demo', () => {
  it('[WB6] the transport can be changed in the middle of an answer', async () => {
    const page = await open('websocket')
    await ask(page, PROMPT)
    const early = await written(page, 30)
    await page.getByLabel('SSE').check()
    await exchange(page, 'complete').waitFor()
    expect((await textOf(page)).startsWith(stem(early))).toBe(true)
    expect(page.url()).toContain('transport=sse')
    expect(await exchange(page).count()).toBe(1)
    expect(faults).toEqual([])
  })

  it('[WB7] a new visitor gets a name that stays, a suggestion that asks, and a link to a second window', async () => {
    const page = await open('websocket', '')
    const name = await page.getByTestId('user').inputValue()
    expect(name).toMatch(/^guest-[0-9a-f]{12}$/)
    await page.getByTestId('suggestion').first().click()
    await exchange(page).waitFor()
    await page.reload()
    expect(await page.getByTestId('user').inputValue()).toBe(name)
    const [second] = await Promise.all([context.waitForEvent('page'), page.getByTestId('second-window').click()])
    await exchange(second).waitFor()
    expect(await second.getByTestId('user').inputValue()).toBe(name)
    expect(faults).toEqual([])
  })

  it('[WB7] Shift+Enter makes a new line and Enter sends; another user has another conversation', async () => {
    const page = await open()
    const area = page.getByTestId('prompt')
    await area.fill('one')
    await area.press('Shift+Enter')
    await area.pressSequentially('two')
    expect(await exchange(page).count()).toBe(0)
    await area.press('Enter')
    await exchange(page).waitFor()
    expect(await page.getByTestId('exchange-prompt').textContent()).toContain('one\ntwo')
    await page.getByTestId('user').fill(`${user}-other`)
    await page.getByTestId('user').press('Enter')
    await page.getByTestId('suggestion').first().waitFor()
    expect(await exchange(page).count()).toBe(0)
  })

  it('[WB8] the page follows the answer, but not when the reader has scrolled up', async () => {
    await context.close()
    context = await browser.newContext({ viewport: { width: 390, height: 420 } })
    const page = await open()
    await ask(page, PROMPT)
    const left = () =>
      page.locator('main').evaluate((box) => Math.round(box.scrollHeight - box.clientHeight - box.scrollTop))
    await written(page, 400)
    await expect.poll(left).toBeLessThan(48)
    await page.locator('main').hover()
    await page.mouse.wheel(0, -150)
    await page.getByTestId('to-end').waitFor()
    const top = await page.locator('main').evaluate((box) => box.scrollTop)
    const early = (await textOf(page)).length
    await expect.poll(async () => (await textOf(page)).length).toBeGreaterThan(early + 40)
    expect(await page.locator('main').evaluate((box) => box.scrollTop)).toBe(top)
    await page.getByTestId('to-end').click()
    await expect.poll(left).toBeLessThan(48)
    expect(await page.getByTestId('to-end').count()).toBe(0)
  })

  it('[WB9] the policy allows no inline code and no other host', async () => {
    const response = await fetch(`${base}/demo`)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(await response.text()).not.toMatch(/<script>|<style|https?:\/\//)
  })
})

describe.skipIf(process.env['FRESHET_URL'] !== undefined)('demo and a service that is killed', () => {
  it('[WB5] the text stays, the badge says so, and the answer is ended when the service is back', async () => {
    const page = await open()
    await ask(page, PROMPT)
    const kept = await written(page, 30)
    await service?.kill()
    await status(page, 'waiting')
    expect(await page.getByTestId('connection').textContent()).toMatch(/Reconnecting|Retry in/)
    expect((await textOf(page)).startsWith(stem(kept))).toBe(true)
    await service?.up()
    await status(page, 'open')
    await exchange(page, 'error').waitFor()
    expect(await page.getByTestId('ending').textContent()).toMatch(/^Not finished/)
    await page.getByTestId('ending').getByText('Ask again').click()
    await exchange(page, 'complete').waitFor()
    expect(await exchange(page).count()).toBe(2)
  })
})
