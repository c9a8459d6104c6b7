import type { Failure } from '../client/index.ts'

/** Sentences for the codes: ours before the server's, since after a reload a window knows the code alone. */
const WORDS: Readonly<Record<string, string>> = {
  timeout: 'The answer took longer than its time limit.',
  provider_error: 'The model could not answer.',
  provider_rate_limited: 'The model is busy just now.',
  provider_stalled: 'The model stopped writing.',
  provider_cut: 'The model broke off.',
  answer_too_long: 'The answer grew too long and was ended.',
  interrupted: 'The service was restarted while it was writing.',
}

/** What to tell a reader about a failed request. */
export function failureWords(failure: Failure | null, hasText: boolean): string {
  const why = WORDS[failure?.type ?? ''] ?? failure?.message ?? 'The answer failed.'
  return hasText ? `Not finished. ${why}` : why
}
