/** What kind of work a prompt asks for; shown as `metadata.task_type`. */
export const TASK_CLASSES = [
  'code',
  'analysis',
  'creative',
  'status',
  'monitoring',
  'question',
  'conversation',
  'general',
] as const
export type TaskClass = (typeof TASK_CLASSES)[number]

/** In order: the first whose words occur wins. Whole words, so that "statute" is no status. */
const RULES: readonly (readonly [TaskClass, RegExp])[] = [
  [
    'code',
    /\b(code|coding|function|class|bug|debug|compile|refactor|regex|sql|api|script|program|typescript|javascript|python|rust|implement|unit tests?)\b|```/i,
  ],
  ['monitoring', /\b(monitor(ing)?|metrics?|alerts?|dashboard|incident|outage|latency|throughput|uptime)\b/i],
  ['status', /\b(status|health ?check|is it up|are you (up|there|ok|online))\b/i],
  [
    'analysis',
    /\b(analy[sz]e|analysis|compare|evaluate|assess|pros and cons|trade-?offs?|summari[sz]e|explain why|root cause)\b/i,
  ],
  ['creative', /\b(poem|story|haiku|lyrics|song|imagine|slogan|fiction|novel|limerick)\b/i],
  ['conversation', /^\s*(hi|hello|hey|thanks|thank you|good (morning|evening|afternoon)|bye)\b/i],
  ['question', /\?\s*$|^\s*(who|what|when|where|why|how|which|can|could|does|do|is|are)\b/i],
]

/** The class of a prompt by cheap rules over its first 2,000 characters; `general` when none fits. */
export function classify(prompt: string): TaskClass {
  const head = prompt.slice(0, 2000)
  for (const [task, words] of RULES) if (words.test(head)) return task
  return 'general'
}
