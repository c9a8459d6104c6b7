import type { Hono } from 'hono'
import type { EdgeEnv } from './context.ts'

/** Turns a route's path into what matches it: `:id` is one part. */
function matches(route: string, path: string): boolean {
  const pattern = route.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:[a-z_]+/g, '[^/]+')
  return new RegExp(`^${pattern}$`).test(path)
}

/** The addresses there are, each with its methods; middleware has no address. */
export function endpointsOf(app: Hono<EdgeEnv>): ReadonlyMap<string, readonly string[]> {
  const endpoints = new Map<string, string[]>()
  for (const { method, path } of app.routes) {
    if (method !== 'ALL') endpoints.set(path, [...new Set([...(endpoints.get(path) ?? []), method])])
  }
  return endpoints
}

/** The methods that an address takes; none when there is no such address. */
export function methodsAt(app: Hono<EdgeEnv>, path: string): readonly string[] {
  for (const [route, methods] of endpointsOf(app)) if (matches(route, path)) return methods
  return []
}
