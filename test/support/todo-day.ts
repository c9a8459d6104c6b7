import type { Todo } from '../../src/core/todo.ts'
import { Talk } from './todo-talk.ts'

/** A Saturday, 22:10 in Berlin: late, so that nothing more is done today. */
const LATE = Date.parse('2026-11-28T21:10:00Z')

const THERE = [
  'Add gym tomorrow at 7pm',
  'Add yoga on Monday from 18:00 to 19:00',
  'Add call Bob tomorrow at 10',
  'Add buy milk tomorrow at 2pm, tag shop',
  'Add file taxes on Monday at 11, tag finance, high importance',
  'Add pay rent on Tuesday at 9, tag finance',
  'Add dentist on Wednesday at 9',
  'Add old report tomorrow at 8',
  'Mark old report as done',
] as const

/** A user with some todos, late in the evening. */
export class Day {
  readonly #talk: Talk

  private constructor(talk: Talk) {
    this.#talk = talk
  }

  static async begun(forgetsTools = true): Promise<Day> {
    const talk = new Talk(LATE, forgetsTools)
    for (const sentence of THERE) await talk.say(sentence)
    talk.messages.length = 0
    return new Day(talk)
  }

  /** Says one thing after the other; tells what the last led to: its calls, and what changed, or else the answer's first line. */
  async says(sentences: string): Promise<{ readonly calls: string; readonly came: string }> {
    const all = sentences.split(' || ')
    for (const sentence of all.slice(0, -1)) await this.#talk.say(sentence)
    const before = new Map(this.#talk.todos.list().map((todo) => [todo.todo_id, shortly(todo)]))
    const answer = await this.#talk.say(all.at(-1) ?? '')
    const after = new Map(this.#talk.todos.list().map((todo) => [todo.todo_id, shortly(todo)]))
    const changes = [
      ...[...before].filter(([id]) => !after.has(id)).map(([, told]) => `-${told.split(' @')[0]}`),
      ...[...after].flatMap(([id, told]) => {
        if (!before.has(id)) return [`+${told}`]
        return before.get(id) === told ? [] : [told]
      }),
    ]
    const calls = this.#talk.calls.map(({ name, arguments: args }) => {
      const verb = name.replace(/_todos?$/, '')
      return ['list', 'search', 'find_free_time'].includes(verb) ? `${verb} ${JSON.stringify(args)}` : verb
    })
    return {
      calls: calls.join(' '),
      came: changes.length > 0 ? changes.join('; ') : `“${answer.split('\n')[0]?.slice(0, 70)}”`,
    }
  }
}

/** `gym @11-29 19:00-20:00 high #sport done`. */
function shortly({ item, start_time, end_time, importance, tags, status }: Todo): string {
  const [start, end] = [start_time, end_time].map((iso) => (iso === null ? '' : iso?.slice(5, 16).replace('T', ' ')))
  const until = end === '' || end === undefined ? '' : `-${end.slice(0, 5) === start?.slice(0, 5) ? end.slice(6) : end}`
  return [
    `${item} @${start}${until}`,
    ...(importance === 'medium' ? [] : [importance]),
    ...tags.map((tag) => `#${tag}`),
    ...(status === 'completed' ? ['done'] : []),
  ].join(' ')
}
