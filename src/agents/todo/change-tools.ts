import * as z from 'zod'
import { defineTool, type ToolContext } from '../agent.ts'
import { inZone, refusing, theOne, todosOf } from './find.ts'
import { changesInput, changesOf, draftInput, draftOf, timeWordsSchema } from './resolve.ts'
import { Zone } from './zone.ts'

const named = {
  todo_id: z.string().min(1).max(200).optional().describe('Its id, when it is known.'),
  item: z.string().trim().min(1).max(500).optional().describe('Otherwise words of its item.'),
  on: timeWordsSchema
    .optional()
    .describe('The day or the time that it is on, to tell it from others of that name: "Friday", "tomorrow at 9".'),
}

const asked = (context: ToolContext): { now: number; timeZone: string } => {
  return { now: context.now(), timeZone: context.timeZone }
}

export const createTodo = defineTool({
  name: 'create_todo',
  description: 'Adds a todo for the user.',
  needsTime: true,
  input: draftInput,
  run: (input, context) =>
    refusing(() => inZone(todosOf(context).add(draftOf(input, asked(context)), context.now()), zoneOf(context))),
})

export const updateTodo = defineTool({
  name: 'update_todo',
  description: 'Changes a todo: its item, its times, its importance, its tags or its status. What is left out stays.',
  needsTime: true,
  input: z.object({ ...named, changes: changesInput.describe('What is to be another; what is left out stays.') }),
  run: ({ changes, ...which }, context) => {
    const todo = theOne(which, context, changes.status === 'pending' ? 'completed' : 'pending')
    return refusing(() => changed(todo.todo_id, changesOf(todo, changes, asked(context)), context))
  },
})

export const completeTodo = defineTool({
  name: 'complete_todo',
  description: 'Marks a todo as completed.',
  input: z.object(named),
  run: (which, context) => changed(theOne(which, context, 'pending').todo_id, { status: 'completed' }, context),
})

export const deleteTodo = defineTool({
  name: 'delete_todo',
  description: 'Deletes a todo for good.',
  input: z.object(named),
  run: (which, context) => {
    const todo = theOne(which, context, 'pending')
    todosOf(context).remove(todo.todo_id)
    return { deleted: inZone(todo, zoneOf(context)) }
  },
})

function changed(todoId: string, changes: Parameters<ReturnType<typeof todosOf>['update']>[1], context: ToolContext) {
  const todo = todosOf(context).update(todoId, changes, context.now())
  // It was there in this same turn.
  if (todo === null) throw new Error('a todo is gone while it is changed')
  return inZone(todo, zoneOf(context))
}

function zoneOf({ timeZone }: ToolContext): Zone {
  return new Zone(timeZone)
}
