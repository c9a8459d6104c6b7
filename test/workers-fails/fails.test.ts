import { test } from 'vitest'
import { expectFailure } from '../workers/failing-provider.ts'

test('[GE8][GE1] a provider that fails, with nobody to take over, ends the request with provider_error, after its text, once', () =>
  expectFailure('fails', 'provider_error'))
