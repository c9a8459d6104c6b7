import { Hono } from 'hono'
import type { EdgeContext, EdgeEnv } from '../context.ts'
import { endpoint } from '../endpoint.ts'
import { hubOf, unwrap } from '../hubs.ts'
import { callerWith } from '../identity.ts'
import { nameIn } from '../input.ts'
import { jsonResponse, problems } from '../schemas/responses.ts'
import {
  newTodoBody,
  todoAnswer,
  todoChangesBody,
  todoDeletedAnswer,
  todoHeaders,
  todoParams,
  todoQuery,
  todosAnswer,
  todosQuery,
} from '../schemas/todos.ts'

/** D5: the todos that the agent keeps, by hand (contract D5, SPEC TR). */
export const todoRoutes = new Hono<EdgeEnv>()

const tag = 'D5 Todo agent'
const notThere = problems('todo_not_found')

endpoint(
  todoRoutes,
  {
    method: 'get',
    path: '/api/todos',
    tag,
    summary: "The caller's todos",
    description: 'By their beginning: all of them, or those that fit everything that is asked.',
    request: { query: todosQuery, headers: todoHeaders },
    responses: { 200: jsonResponse(todosAnswer, 'Those that fit.') },
  },
  async (c, { query: { session_id, time_zone, ...query }, headers }) => {
    const hub = hubOf(c.env, callerWith(nameIn(c), [session_id], session_id ?? null))
    return c.json({ todos: unwrap(await hub.todos(query, zoneOf(time_zone, headers))) })
  },
)

endpoint(
  todoRoutes,
  {
    method: 'post',
    path: '/api/todos',
    tag,
    summary: 'Adds a todo',
    request: { headers: todoHeaders, query: todoQuery, body: newTodoBody },
    responses: {
      201: { ...jsonResponse(todoAnswer, 'It is kept.'), headers: { Location: 'Its address.' } },
      ...problems('too_many_todos'),
    },
  },
  async (c, { body, query, headers }) => {
    const { user_id: _, session_id: session = null, time_zone, ...draft } = body
    const caller = callerWith(nameIn(c, body), [session], session)
    const zone = zoneOf(time_zone || query.time_zone, headers)
    const todo = unwrap(await hubOf(c.env, caller).createTodo(caller, draft, zone))
    return c.json(todo, 201, { location: `/api/todos/${todo.todo_id}` })
  },
)

endpoint(
  todoRoutes,
  {
    method: 'get',
    path: '/api/todos/{todo_id}',
    tag,
    summary: 'A todo',
    request: { params: todoParams, query: todoQuery, headers: todoHeaders },
    responses: { 200: jsonResponse(todoAnswer, 'It as it is.'), ...notThere },
  },
  async (c, { params: { todo_id: id }, query, headers }) =>
    c.json(unwrap(await hubWith(c, id).todo(id, zoneOf(query.time_zone, headers)))),
)

endpoint(
  todoRoutes,
  {
    method: 'patch',
    path: '/api/todos/{todo_id}',
    tag,
    summary: 'Changes a todo',
    description: 'What is left out stays. A todo that is moved without a word about its end keeps its length.',
    request: { params: todoParams, query: todoQuery, headers: todoHeaders, body: todoChangesBody },
    responses: { 200: jsonResponse(todoAnswer, 'It as it is now.'), ...notThere },
  },
  async (c, { params: { todo_id: id }, query, headers, body }) => {
    const { user_id: _, time_zone, ...changes } = body
    const zone = zoneOf(time_zone || query.time_zone, headers)
    return c.json(unwrap(await hubWith(c, id, body).changeTodo(id, changes, zone)))
  },
)

endpoint(
  todoRoutes,
  {
    method: 'delete',
    path: '/api/todos/{todo_id}',
    tag,
    summary: 'Deletes a todo',
    request: { params: todoParams, query: todoQuery, headers: todoHeaders },
    responses: { 200: jsonResponse(todoDeletedAnswer, 'It is gone.'), ...notThere },
  },
  async (c, { params: { todo_id: id }, query, headers }) =>
    c.json({ deleted: unwrap(await hubWith(c, id).deleteTodo(id, zoneOf(query.time_zone, headers))) }),
)

/** The hub that keeps a todo, if it is the caller's (ID2). */
function hubWith(c: EdgeContext, id: string, body?: unknown) {
  return hubOf(c.env, callerWith(nameIn(c, body), [id], null))
}

function zoneOf(given: string | null | undefined, headers: { 'X-Time-Zone'?: string | undefined }): string | null {
  return given || headers['X-Time-Zone'] || null
}
