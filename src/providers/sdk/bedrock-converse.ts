import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import type { Fetch } from '../guard-fetch.ts'

/** Keys of an AWS identity, or one Bedrock API key. */
export interface AwsCredentials {
  /** Empty: signed with the keys instead. */
  readonly apiKey: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
}

/** Amazon Bedrock's Converse API. All is given, also what is empty, so that nothing is taken from the environment. */
export function bedrockConverse(options: {
  readonly model: string
  readonly region: string
  readonly credentials: AwsCredentials
  readonly baseUrl: string
  readonly headers: Record<string, string>
  readonly fetch: Fetch
}): LanguageModelV4 {
  const { model, region, credentials, baseUrl, headers, fetch } = options
  return createAmazonBedrock({ region, ...credentials, baseURL: baseUrl, headers, fetch })(model)
}
