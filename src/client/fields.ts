/** Readers of event data, whose fields are unknown until looked at. A field of another kind counts as missing. */
type Fields = Readonly<Record<string, unknown>>

export function textField(fields: Fields, name: string): string | null {
  const value = fields[name]
  return typeof value === 'string' ? value : null
}

export function numberField(fields: Fields, name: string): number | null {
  const value = fields[name]
  return typeof value === 'number' ? value : null
}

export function flagField(fields: Fields, name: string): boolean {
  return fields[name] === true
}
