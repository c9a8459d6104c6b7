import type { StartCommand } from '../../src/core/commands.ts'
import { plainCommand } from '../../src/core/commands.ts'
import type { LogEvent } from '../../src/core/events.ts'
import { MemoryLog } from '../../src/core/memory-log.ts'
import type { Answering } from '../../src/hub/answering.ts'
import { Runner, Running, type SourcePart } from '../../src/hub/runner.ts'

export function commandOf(more: Partial<StartCommand> = {}): StartCommand {
  return {
    ...plainCommand('What is a freshet?'),
    ...more,
  }
}

export const FINISHED: SourcePart = {
  type: 'finish',
  provider: { name: 'ann' },
  reason: 'stop',
  usage: { input_tokens: 3, output_tokens: 7 },
}

const NAMES = { call_id: 't1', tool: 'sum', by: 'assistant' }
export const TOOL_CALL: SourcePart = { type: 'tool_call', call: { ...NAMES, arguments: '{}', external: false } }
export const TOOL_RESULT: SourcePart = {
  type: 'tool_result',
  result: { ...NAMES, status: 'ok', output: { sum: 3 }, duration: 0.1 },
}
export const SPECIALIST: SourcePart = {
  type: 'specialist',
  told: {
    run_id: 's1',
    specialist: 'sleep',
    title: 'Sleep',
    status: 'started',
    question: 'why?',
    content: null,
    duration: null,
    usage: null,
    cost: 0,
    cost_estimated: false,
    error_type: null,
  },
}

/** An answer's parts as a runner takes them, where nobody was given tools. */
export async function* sourceOf(answering: Answering): AsyncGenerator<SourcePart, void, undefined> {
  for await (const part of answering.parts()) if (part.type !== 'tool_call') yield part
}

/** A runner whose requests are committed to a log in memory, as a hub's are. */
export class Runs {
  readonly log = new MemoryLog('n1')
  readonly broken: unknown[] = []
  watched = true
  /** Whether the next commit, the one after it … fails; afterwards none does. */
  failures: boolean[] = []
  commits = 0
  readonly runner = new Runner({
    now: () => Date.now(),
    watched: () => this.watched,
    closing: () => ({ messageCount: null, closing: null }),
    commit: (_, events) => {
      this.commits += 1
      if (this.failures.shift() === true) throw new Error('the storage is full')
      this.log.append(events)
    },
    broken: (error) => void this.broken.push(error),
  })

  /** A request that has begun and is counted. */
  begin(requestId: string, command = commandOf()): Running {
    const running = new Running(command, requestId, Date.now())
    this.log.append(running.generation.begin(Date.now(), null))
    this.runner.enlist(running)
    return running
  }

  /** Everything that is in the log of a request, in order. */
  events(requestId: string): readonly LogEvent[] {
    return this.log
      .after(0, { events: 1e6, bytes: 1e9 })
      .map(({ event }) => event)
      .filter(({ request_id }) => request_id === requestId)
  }

  types(requestId: string): readonly string[] {
    return this.events(requestId).map(({ type }) => type)
  }

  text(requestId: string): string {
    return this.events(requestId)
      .map((event) => (event.type === 'chunk' || event.type === 'token' ? event.data.chunk : ''))
      .join('')
  }
}
