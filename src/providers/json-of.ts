/** What a tool's output says as JSON; null for what is none. */
export function jsonOf(text: string): unknown {
  try {
    const raw: unknown = JSON.parse(text)
    return raw
  } catch {
    return null
  }
}
