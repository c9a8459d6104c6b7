/** The embedded provider's answer to it has no calls and is of some 150 tokens: 15 to 60 events, by the pace. */
export const PLAIN = 'Compare a river with a canal, and give the trade-offs.'

/** The health team has a tool and two specialists for it. */
export const HEALTH = 'I sleep 5 hours a night and I am tired. What should I eat?'

/** Several todos at once, so many that the answer takes 2 s; times are told in the same words whenever it is asked. */
export const TODOS = [
  'Add buy milk on July 2 2035 at 2pm',
  'call mom on December 24 2035 from 10 to 11, high importance, tag family',
  'see the dentist on March 5 2035 at 9:30, low importance',
  'pay the rent on April 1 2035 at noon, tags home and money',
  'water the plants on May 20 2035 at 6pm, tag home',
  'renew the passport on June 11 2035 at 8:15, high importance, tag travel',
  'book the hotel on June 12 2035 from 9 to 9:30, tag travel',
  'fix the bike on February 3 2035 from 15 to 17, tag garage',
].join(' and ')

/**
 * A line more that makes a prompt one about code, so that a slow provider can be kept for it: what is to be cancelled
 * must not have ended by then. For D5 it is a todo more.
 */
export const UNHURRIED = 'Add review the code on May 7 2035 at 9am.'
