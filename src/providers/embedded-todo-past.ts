/** What people say when they have done something, by the word with which the todo begins. */
const PAST: Readonly<Record<string, string>> = {
  answered: 'answer',
  asked: 'ask',
  baked: 'bake',
  booked: 'book',
  brought: 'bring',
  built: 'build',
  bought: 'buy',
  called: 'call',
  cleaned: 'clean',
  collected: 'collect',
  contacted: 'contact',
  cooked: 'cook',
  emailed: 'email',
  fed: 'feed',
  filed: 'file',
  filled: 'fill',
  fixed: 'fix',
  got: 'get',
  installed: 'install',
  invited: 'invite',
  ironed: 'iron',
  mailed: 'mail',
  messaged: 'message',
  met: 'meet',
  mowed: 'mow',
  ordered: 'order',
  packed: 'pack',
  paid: 'pay',
  painted: 'paint',
  phoned: 'phone',
  picked: 'pick',
  prepared: 'prepare',
  printed: 'print',
  read: 'read',
  renewed: 'renew',
  repaired: 'repair',
  replied: 'reply',
  returned: 'return',
  reviewed: 'review',
  sent: 'send',
  signed: 'sign',
  sold: 'sell',
  sorted: 'sort',
  submitted: 'submit',
  took: 'take',
  taken: 'take',
  visited: 'visit',
  walked: 'walk',
  washed: 'wash',
  watched: 'watch',
  watered: 'water',
  went: 'go',
  written: 'write',
  wrote: 'write',
}
const DID = /^i(?:['’]ve| have)?(?: just| already| finally)* (\p{L}+) (.+)$/iu

/** `buy milk` of `I already bought milk`; null when it tells of nothing that was done. */
export function doneIn(clause: string): string | null {
  const [, verb = '', rest = ''] = DID.exec(clause) ?? []
  // What somebody has got is still before them.
  if (/^i(?:['’]ve| have) got\b/i.test(clause)) return null
  const base = Object.hasOwn(PAST, verb.toLowerCase()) ? PAST[verb.toLowerCase()] : undefined
  return base === undefined
    ? null
    : `${base} ${rest.replace(/ (?:already|today|yesterday|just now|this \w+|now)$/i, '')}`
}
