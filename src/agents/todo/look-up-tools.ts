import * as z from 'zod'
import { importanceSchema, statusSchema, type TodoFilter } from '../../core/todo.ts'
import { defineTool, type ToolContext } from '../agent.ts'
import { refusing, shown, tellingWords, todosOf } from './find.ts'
import { rangeOf, timeWordsSchema } from './resolve.ts'

const filters = {
  status: statusSchema.optional().describe('pending or completed; left out: both.'),
  importance: importanceSchema.optional().describe('low, medium or high.'),
  tag: z.string().trim().min(1).max(50).optional().describe('One tag.'),
  from: timeWordsSchema
    .optional()
    .describe('ISO 8601 or words. A day or a period ("tomorrow", "this week") without `to` stands for all of it.'),
  to: timeWordsSchema.optional().describe('Likewise; a day or a period counts with its end.'),
}

export const listTodos = defineTool({
  name: 'list_todos',
  description: "Lists the user's todos by their time, all of them or those that fit.",
  needsTime: true,
  input: z.object(filters),
  run: (filter, context) => found(filter, context),
})

export const searchTodos = defineTool({
  name: 'search_todos',
  description: 'Finds todos by words of their item or their tags.',
  needsTime: true,
  input: z.object({
    query: z.string().trim().min(1).max(200).describe('Words of the item or its tags.'),
    ...filters,
  }),
  run: ({ query, ...filter }, context) => found({ ...filter, query: tellingWords(query) }, context),
})

interface Filters extends Omit<TodoFilter, 'from' | 'to'> {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

function found({ from, to, ...filter }: Filters, context: ToolContext) {
  const store = todosOf(context)
  const range = refusing(() => rangeOf(from, to, { now: context.now(), timeZone: context.timeZone }))
  return shown(store.list({ ...filter, ...range }), context)
}
