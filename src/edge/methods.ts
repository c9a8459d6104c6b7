/** A route as Hono lists it: varying parts are `:name`. */
interface Mounted {
  readonly method: string
  readonly path: string
}

/** True when a route's path fits a request's: `:id` is one part. */
function matches(route: string, path: string): boolean {
  const pattern = route.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:\w+/g, '[^/]+')
  return new RegExp(`^${pattern}$`).test(path)
}

/** The methods that an address takes, each once; none when there is no such address. Middleware has none of its own. */
export function methodsAt(routes: readonly Mounted[], path: string): readonly string[] {
  const fitting = routes.filter((route) => route.method !== 'ALL' && matches(route.path, path))
  return [...new Set(fitting.map(({ method }) => method))]
}
