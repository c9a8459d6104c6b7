import { type Fetch, guardEventStream } from '../guard-fetch.ts'
import { type AwsCredentials, bedrockConverse } from '../sdk/bedrock-converse.ts'
import type { ProviderSettings } from '../settings.ts'
import type { Kind } from './kind.ts'

const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/
const GATEWAY = 'https://gateway.ai.cloudflare.com/'

/** Amazon Bedrock's Converse API. Its answers are no SSE but AWS's binary event stream. */
export const amazonBedrock: Kind = ({ model, baseUrl, settings, fetch }) => {
  const region = settings.required('REGION', 'an AWS region such as eu-central-1', REGION, 'an AWS region')
  const credentials = credentialsOf(settings)
  const headers = settings.gatewayHeaders(baseUrl)
  const aws = `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
  // A signature holds for AWS's own host, so what goes through an AI Gateway is signed for that and then sent there.
  const gateway = baseUrl?.startsWith(GATEWAY) ? baseUrl : null
  const sent = guardEventStream(gateway === null ? fetch : moved(fetch, aws, gateway))
  const base = gateway === null ? (baseUrl ?? aws) : aws
  return {
    model: bedrockConverse({ model, region, credentials, baseUrl: base, headers, fetch: sent }),
    quirks: { strictToolTalk: true, jsonInWords: true },
  }
}

function credentialsOf(settings: ProviderSettings): AwsCredentials {
  const apiKey = settings.optional('API_KEY')
  if (apiKey !== null) return { apiKey }
  const sessionToken = settings.optional('SESSION_TOKEN')
  return {
    apiKey: '',
    accessKeyId: settings.required('ACCESS_KEY_ID', 'an AWS access key (or its API_KEY, a Bedrock key)'),
    secretAccessKey: settings.required('SECRET_ACCESS_KEY', 'the secret of the AWS access key'),
    ...(sessionToken === null ? {} : { sessionToken }),
  }
}

/** A fetch that sends to another place what is addressed to one. */
function moved(inner: Fetch, from: string, to: string): Fetch {
  return (input, init) => {
    const address = input instanceof Request ? input.url : String(input)
    return inner(address.startsWith(from) ? to + address.slice(from.length) : address, init)
  }
}
