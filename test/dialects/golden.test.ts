import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isTerminal, logEventSchema } from '../../src/core/events.ts'
import { parseCursor } from '../../src/core/ids.ts'
import { parseEnvelope } from '../../src/core/wire.ts'
import { DIALECTS } from '../../src/dialects/registry.ts'
import { eventsOf } from '../support/event-stream.ts'
import { FOLDER, logs, WIRES } from './golden/transcripts.ts'

/*
 * Whole streams as bytes leave: a change of a file is a change of the contract with clients.
 * `UPDATE_GOLDEN=1` writes the files of all dialects anew, to be read before they are kept.
 */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1'

const LOGS = [...logs()]
const streams = WIRES.flatMap((wire) => LOGS.map(([log, lines]) => ({ name: wire.name, wire, log, lines })))

describe('the logs of the transcripts', () => {
  it.each(LOGS)('[GE1] are of one request from its start to its end: %s', (_, lines) => {
    const events = lines.map(({ event }) => event)
    expect(events[0]?.type).toBe('stream_start')
    expect(new Set(events.map(({ request_id }) => request_id)).size).toBe(1)
    expect(events.map((event) => isTerminal(event))).toEqual(events.map((_event, i) => i === events.length - 1))
    const cursors = lines.map(({ id }) => parseCursor(id))
    expect(new Set(cursors.map((cursor) => cursor?.epoch)).size).toBe(1)
    for (const [i, cursor] of cursors.entries()) expect(cursor?.seq).toBeGreaterThan(cursors[i - 1]?.seq ?? 0)
  })

  it('[DI1] have every type of event but what a deleted conversation leaves', () => {
    const types = new Set(LOGS.flatMap(([, lines]) => lines.map(({ event }) => event.type)))
    const all = logEventSchema.options.map((option) => option.shape.type.value)
    expect([...types, 'deleted'].toSorted()).toEqual([...all].toSorted())
  })
})

describe('transcripts', () => {
  it.each(streams)('[DI7] $name writes $log as its file has it', ({ name, wire, log, lines }) => {
    const file = new URL(`${name}/${log}.txt`, FOLDER)
    const text = wire.pieces(lines).join('')
    if (UPDATE) {
      mkdirSync(new URL('./', file), { recursive: true })
      writeFileSync(file, text)
    }
    if (!existsSync(file)) throw new Error(`there is no golden/${name}/${log}.txt: write it with UPDATE_GOLDEN=1`)
    expect(text).toBe(readFileSync(file, 'utf8'))
  })

  it.each(streams)('[DI7] $name writes of $log, cut before any event, exactly the rest', ({ wire, lines }) => {
    const whole = wire.pieces(lines)
    // A dialect that begins at the start each time has no rest, but must begin the same way each time.
    const cuts = wire.isWhole ? [0] : lines.keys()
    for (const cut of cuts) {
      expect(wire.pieces(lines.slice(cut), lines.slice(0, cut)).join('')).toBe(whole.slice(cut).join(''))
    }
  })

  it.each(streams.filter(({ name }) => name !== 'd1'))(
    '[SB1] $name writes of $log nothing but whole events of JSON, with ids of the log',
    (stream) => {
      const known = stream.lines.map(({ id }) => id)
      const events = eventsOf(stream.wire.pieces(stream.lines).join(''))
      expect(events).not.toEqual([])
      for (const { data } of events) if (data !== '[DONE]') expect(JSON.parse(data)).toBeInstanceOf(Object)
      const places = events.flatMap(({ id }) => (id === undefined ? [] : [known.indexOf(id)]))
      expect(places).not.toContain(-1)
      expect(places).toEqual(places.toSorted((a, b) => a - b))
    },
  )

  it.each(LOGS)(
    '[CM1] d1 writes of %s a frame an event, each an envelope with an id of the log or none',
    (_, lines) => {
      const wire = WIRES.find(({ name }) => name === 'd1')
      const frames = (wire?.pieces(lines) ?? []).map((piece) => piece.trimEnd().split('\n').map(parseEnvelope))
      expect(frames.map((piece) => piece.flatMap(({ id }) => id ?? []))).toEqual(lines.map(({ id }) => [id]))
    },
  )

  it('[DI1] every dialect goes by its own name, and no file is left of what is gone', () => {
    for (const [name, dialect] of Object.entries(DIALECTS)) expect(dialect.name).toBe(name)
    const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const names = folders.map(({ name }) => name).filter((name) => name !== 'events')
    expect(names.toSorted()).toEqual(WIRES.map(({ name }) => name).toSorted())
    for (const name of names) {
      const files = readdirSync(new URL(`${name}/`, FOLDER)).toSorted()
      expect({ name, files }).toEqual({ name, files: LOGS.map(([log]) => `${log}.txt`) })
    }
  })
})
