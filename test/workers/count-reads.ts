/** The same storage, with a count of the rows that it read. */
export function countReads(storage: DurableObjectStorage) {
  const cursors: { readonly rowsRead: number }[] = []
  const sql = new Proxy(storage.sql, {
    get: (target, key) =>
      key === 'exec'
        ? (...given: [string]) => {
            const cursor = target.exec(...given)
            cursors.push(cursor)
            return cursor
          }
        : Reflect.get(target, key, target),
  })
  const counting = new Proxy(storage, {
    get: (target, key) => {
      if (key === 'sql') return sql
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { counting, read: () => cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0) }
}
