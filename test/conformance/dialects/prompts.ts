/** The embedded provider's answer to it has no calls and is of some 150 tokens: 15 to 60 events, by the pace. */
export const PLAIN = 'Compare a river with a canal, and give the trade-offs.'

/** The health team has a tool and two specialists for it. */
export const HEALTH = 'I sleep 5 hours a night and I am tired. What should I eat?'
