/** A part of a JSON document, read without believing anything of it. */
type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const object = (value: unknown): Json => (isObject(value) ? value : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Every object in a document, with the JSON pointer that leads to it. */
function* objectsIn(value: unknown, at = '#'): Generator<readonly [string, Json]> {
  if (isObject(value)) yield [at, value]
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value)) {
    yield* objectsIn(part, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
}

function resolve(document: unknown, pointer: string): unknown {
  let value = document
  for (const part of pointer.split('/').slice(1)) {
    value = object(value)[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return value
}

const TYPES = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'])
const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'])
const COMPONENT = /^[a-zA-Z0-9._-]+$/

/** What of a document breaks the rules of OpenAPI 3.1 that matter to a reader; empty when nothing does. */
export function faultsOf(document: Json): readonly string[] {
  const faults: string[] = []
  if (!/^3\.1\.\d+$/.test(String(document['openapi']))) faults.push('openapi: not 3.1')
  for (const field of ['title', 'version']) {
    if (typeof object(document['info'])[field] !== 'string') faults.push(`info: no ${field}`)
  }
  const tags = list(document['tags']).map((tag) => object(tag)['name'])
  const schemes = object(object(document['components'])['securitySchemes'])
  const ids = new Set<unknown>()
  for (const [path, item] of Object.entries(object(document['paths']))) {
    if (!path.startsWith('/')) faults.push(`${path}: does not begin with /`)
    for (const [method, operation] of Object.entries(object(item))) {
      const at = `${method} ${path}`
      if (!METHODS.has(method)) faults.push(`${at}: no method of HTTP`)
      const { operationId, parameters, responses, security, requestBody } = object(operation)
      if (typeof operationId !== 'string' || ids.has(operationId)) faults.push(`${at}: operationId is not its own`)
      ids.add(operationId)
      for (const tag of list(object(operation)['tags']))
        if (!tags.includes(tag)) faults.push(`${at}: tag ${String(tag)}`)
      faults.push(...parameterFaults(at, path, list(parameters)))
      if (requestBody !== undefined && ['get', 'head'].includes(method)) faults.push(`${at}: a body`)
      faults.push(...responseFaults(at, object(responses)))
      for (const need of [...list(document['security']), ...list(security)]) {
        for (const name of Object.keys(object(need))) if (!(name in schemes)) faults.push(`${at}: security ${name}`)
      }
    }
  }
  for (const name of Object.keys(object(object(document['components'])['schemas']))) {
    if (!COMPONENT.test(name)) faults.push(`components: ${name}`)
  }
  return [...faults, ...schemaFaults(document)]
}

function parameterFaults(at: string, path: string, parameters: readonly unknown[]): readonly string[] {
  const faults: string[] = []
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const seen = new Set<string>()
  for (const parameter of parameters) {
    const { name, in: where, required, schema } = object(parameter)
    const key = `${String(where)} ${String(name).toLowerCase()}`
    if (seen.has(key)) faults.push(`${at}: ${key} twice`)
    seen.add(key)
    if (!['path', 'query', 'header', 'cookie'].includes(String(where))) faults.push(`${at}: ${key} is nowhere`)
    if (where === 'path' && (required !== true || !inPath.includes(String(name)))) faults.push(`${at}: ${key}`)
    if (!isObject(schema)) faults.push(`${at}: ${key} has no schema`)
  }
  for (const name of inPath) if (!seen.has(`path ${name?.toLowerCase()}`)) faults.push(`${at}: {${name}} is not told`)
  return faults
}

function responseFaults(at: string, responses: Json): readonly string[] {
  const faults = Object.keys(responses).length === 0 ? [`${at}: no response`] : []
  for (const [status, response] of Object.entries(responses)) {
    if (!/^[1-5]\d\d$/.test(status)) faults.push(`${at}: status ${status}`)
    if (typeof object(response)['description'] !== 'string') faults.push(`${at} ${status}: no description`)
    for (const [type, body] of Object.entries(object(object(response)['content']))) {
      if (!isObject(object(body)['schema'])) faults.push(`${at} ${status} ${type}: no schema`)
    }
  }
  return faults
}

/** What holds for schemas wherever they stand. */
function schemaFaults(document: Json): readonly string[] {
  const faults: string[] = []
  for (const [at, part] of objectsIn(document)) {
    const { $ref, type, required, properties } = part
    if (typeof $ref === 'string' && !isObject(resolve(document, $ref))) faults.push(`${at}: ${$ref} leads nowhere`)
    if (/\/properties$|\/examples?(\/|$)/.test(at)) continue
    const types = Array.isArray(type) ? type : [type]
    if (type !== undefined && !/\/securitySchemes\//.test(at) && !types.every((one) => TYPES.has(one))) {
      faults.push(`${at}: type ${JSON.stringify(type)}`)
    }
    for (const name of list(required)) {
      if (!(String(name) in object(properties))) faults.push(`${at}: requires ${String(name)}, which it does not have`)
    }
    if ('nullable' in part) faults.push(`${at}: nullable is of 3.0`)
  }
  return faults
}
