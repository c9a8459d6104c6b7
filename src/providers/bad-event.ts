/** A provider's event that is larger than we are willing to hold. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'

  constructor() {
    super('an event of the stream is larger than the limit')
  }
}

/** A provider's event that cannot be one. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent'

  constructor() {
    super('an event of the stream is malformed')
  }
}
