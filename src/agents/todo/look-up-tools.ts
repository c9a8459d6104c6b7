import * as z from 'zod'
import { importanceSchema, statusSchema } from '../../core/todo.ts'
import { defineTool } from '../agent.ts'
import { refusing, shown, tellingWords, todosOf } from './find.ts'
import { rangeOf, timeWordsSchema } from './resolve.ts'

export const listTodos = defineTool({
  name: 'list_todos',
  description: "Lists the user's todos by their time, all of them or those that fit.",
  needsTime: true,
  input: z.object({
    status: statusSchema.optional().describe('pending or completed; left out: both.'),
    importance: importanceSchema.optional().describe('low, medium or high.'),
    tag: z.string().trim().min(1).max(50).optional().describe('One tag.'),
    from: timeWordsSchema
      .optional()
      .describe('ISO 8601 or words. A day or a period ("tomorrow", "this week") without `to` stands for all of it.'),
    to: timeWordsSchema.optional().describe('Likewise; a day or a period counts with its end.'),
  }),
  run: ({ from, to, ...filter }, context) => {
    const store = todosOf(context)
    const range = refusing(() => rangeOf(from, to, { now: context.now(), timeZone: context.timeZone }))
    return shown(store.list({ ...filter, ...range }), context)
  },
})

export const searchTodos = defineTool({
  name: 'search_todos',
  description: 'Finds todos by words of their item or their tags.',
  input: z.object({
    query: z.string().trim().min(1).max(200).describe('Words of the item or its tags.'),
    status: statusSchema.optional().describe('pending or completed.'),
  }),
  run: ({ query, status }, context) => shown(todosOf(context).list({ query: tellingWords(query), status }), context),
})
