export type { AskConfig } from './command.ts'
export type { ConnectionState } from './connection-state.ts'
export { EMPTY_TRANSCRIPT, type Exchange, type Failure, type Transcript } from './exchange.ts'
export {
  type AskOptions,
  type ClientOptions,
  type ClientState,
  createFreshetClient,
  type FreshetClient,
} from './freshet-client.ts'
export type { Outbox, PendingAsk } from './outbox.ts'
export { foldEvent, foldEvents } from './transcript.ts'
