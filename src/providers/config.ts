import * as z from 'zod'
import { TASK_CLASSES } from '../core/task.ts'

/** The model of an embedded provider that names none. */
export const EMBEDDED_MODEL = 'freshet-embedded-1'

const text = z.string().min(1).max(500)
const httpUrl = z
  .string()
  .max(2000)
  .refine(isPlainHttpUrl, 'must be an http or https URL without user, query or fragment')

const common = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9 and "-", not beginning with "-"'),
  /** Dollars per million tokens. */
  price: z.strictObject({ input: z.number().min(0), output: z.number().min(0) }).optional(),
  /** The lower, the earlier it is asked. */
  priority: z.number().int().optional(),
  /** Task classes that it is meant for; left out: judged by its model's name. */
  tasks: z.array(z.enum(TASK_CLASSES)).optional(),
}

const remote = { ...common, model: text, base_url: httpUrl.optional() }

/** The model of a `google` provider that names none, unless `GENAI_MODEL_ID` does. */
export const GENAI_MODEL = 'gemini-2.0-flash'

/** One entry of `PROVIDERS`. Its key is not in it: it is the secret that `secretNameOf` names. */
export const providerEntrySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('embedded'),
    model: text.default(EMBEDDED_MODEL),
    /** `embedded:?…`; what the query may hold is settled by `parseEmbeddedUrl`. */
    base_url: z.string().max(2000).optional(),
  }),
  z.strictObject({ ...remote, kind: z.literal('openai-compatible'), base_url: httpUrl }),
  /** Without a model it is that of `GENAI_MODEL_ID`. */
  z.strictObject({ ...remote, kind: z.literal('google'), model: text.optional() }),
  z.strictObject({
    ...remote,
    kind: z.enum(['openai', 'anthropic', 'amazon-bedrock', 'azure', 'google-vertex', 'workers-ai']),
  }),
])
export type ProviderEntry = z.infer<typeof providerEntrySchema>
export type ProviderKind = ProviderEntry['kind']

/** The list `PROVIDERS`, as parsed JSON: at least one entry, no name twice. */
export const providerListSchema = z
  .array(providerEntrySchema)
  .min(1, 'must have at least one provider')
  .superRefine((entries, context) => {
    const seen = new Set<string>()
    for (const [index, { name }] of entries.entries()) {
      if (seen.has(name))
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is there twice` })
      seen.add(name)
    }
  })

/** `PROVIDERS` when it is not set: a service that answers without any key. */
export const DEFAULT_PROVIDERS: readonly ProviderEntry[] = [
  { name: 'embedded', kind: 'embedded', model: EMBEDDED_MODEL },
]

/** The secret or variable that sets something of a provider: `my-llm`, `API_KEY` → `MY_LLM_API_KEY`. */
export function settingNameOf(provider: string, word: string): string {
  return `${provider.toUpperCase().replaceAll('-', '_')}_${word}`
}

/** The secret that holds a provider's key: `my-llm` → `MY_LLM_API_KEY`. */
export function secretNameOf(provider: string): string {
  return settingNameOf(provider, 'API_KEY')
}

/** Paths are put behind it, so a query would break it; credentials belong in a secret, and `fetch` refuses them. */
function isPlainHttpUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, username, password, search, hash } = new URL(url)
  return (protocol === 'http:' || protocol === 'https:') && username + password + search + hash === ''
}
