import * as z from 'zod'

/** Pages for people, by address. They are assets; the Worker never sees a request for one. */
export const PAGES = [
  { path: '/demo', summary: 'Try it: answers that stream to every window' },
  { path: '/docs', summary: 'This API, to read and to try' },
] as const

const listed = { path: z.string(), summary: z.string() }

export const serviceSchema = z
  .object({
    name: z.literal('freshet'),
    version: z.string(),
    description: z.string(),
    pages: z.array(z.object(listed)),
    endpoints: z.array(z.object({ method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']), ...listed })),
  })
  .meta({ id: 'Service' })

export const openApiSchema = z
  .looseObject({ openapi: z.literal('3.1.1'), paths: z.record(z.string(), z.unknown()) })
  .meta({ id: 'OpenApiDocument' })
