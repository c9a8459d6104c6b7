import { test } from 'vitest'
import { expectFailure } from '../workers/failing-provider.ts'

test('[GE10][GE1] a provider whose stream is cut, with nobody to take over, ends the request with provider_cut, after its text, once', () =>
  expectFailure('cuts', 'provider_cut'))
