import { type Fetch, guardSse } from '../guard-fetch.ts'
import { gemini } from '../sdk/gemini.ts'
import type { ProviderSettings } from '../settings.ts'
import { bearerFetch, readPem } from '../vertex-token.ts'
import type { Kind } from './kind.ts'

const EXPRESS = 'https://aiplatform.googleapis.com/v1/publishers/google'
const PROJECT = /^[a-z0-9][a-z0-9.:-]{0,127}$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** A key has more than one line. */
const ANY = /./
const EMAIL = /^[^\s@]{1,128}@[^\s@]{1,253}$/

/**
 * Gemini on Vertex AI. With a key in express mode; else with a service account, whose tokens are fetched as they run
 * out; behind an AI Gateway that holds either, with the gateway's token alone.
 */
export const googleVertex: Kind = ({ model, baseUrl, settings, fetch }) => {
  const key = settings.optional('API_KEY')
  const gateway = settings.gatewayHeaders(baseUrl)
  const base = baseUrl ?? (key === null ? projectUrl(settings, model) : EXPRESS)
  const headers = key === null ? gateway : { ...gateway, 'x-goog-api-key': key }
  // A gateway may hold the account, unless there is one here.
  const isHeld = Object.keys(headers).length > 0 && settings.optional('PRIVATE_KEY', ANY) === null
  const authorized = key === null && !isHeld ? withAccount(settings, fetch) : fetch
  const provider = 'google.vertex.chat'
  return { model: gemini({ provider, model, baseUrl: base, headers, fetch: guardSse(authorized) }) }
}

function projectUrl(settings: ProviderSettings, model: string): string {
  const project = settings.required('PROJECT', "the Google Cloud project's id", PROJECT, 'the id of a project')
  const location = settings.required('LOCATION', 'a location such as europe-west4 or global', LABEL, 'a location')
  const resource = `v1beta1/projects/${project}/locations/${location}`
  // A tuned model is an endpoint of the project's own.
  const publisher = model.startsWith('endpoints/') ? '' : '/publishers/google'
  return `https://${hostOf(location)}/${resource}${publisher}`
}

function hostOf(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com'
  if (location === 'eu' || location === 'us') return `aiplatform.${location}.rep.googleapis.com`
  return `${location}-aiplatform.googleapis.com`
}

function withAccount(settings: ProviderSettings, fetch: Fetch): Fetch {
  const email = settings.required('CLIENT_EMAIL', "the service account's address", EMAIL, 'an e-mail address')
  const pem = settings.required('PRIVATE_KEY', "the service account's private key", ANY)
  const key = readPem(pem)
  if (key === null) settings.refuse('PRIVATE_KEY', 'a PKCS #8 key as PEM, as the JSON file of a service account has it')
  return bearerFetch(fetch, { email, key, token: null })
}
