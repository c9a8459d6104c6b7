import type { TaskClass } from '../core/task.ts'
import { CODE_BODIES } from './embedded-code.ts'

/** What an answer is put together from: one of each. `{excerpt}` is the beginning of the prompt. */
export interface ClassTexts {
  readonly openings: readonly [string, ...string[]]
  readonly bodies: readonly [string, ...string[]]
  readonly closings: readonly [string, ...string[]]
}

/** Said after the opening when there are messages before the prompt. `{turns}` is "the 4 earlier turns". */
export const CONTEXT: readonly [string, ...string[]] = [
  'I have {turns} of our conversation in view and build on them here.',
  'With {turns} of this conversation in mind, I will not repeat what we have settled.',
]

/** The texts of the embedded provider by task class. It knows nothing, so they state no facts about the reader's world. */
export const TEXTS: Record<TaskClass, ClassTexts> = {
  code: {
    openings: [
      'Let us turn your request into something that runs: “{excerpt}”.',
      'Here is a starting point for “{excerpt}”, small enough to read in one go.',
    ],
    bodies: CODE_BODIES,
    closings: [
      'Begin with one test that fails, make it pass with this, then handle the empty input and the error path. Both are where the surprises live.',
      'Before it goes anywhere important, give it a test for the empty case, one for the largest input you expect, and one for a failure halfway through.',
    ],
  },
  analysis: {
    openings: [
      'I read “{excerpt}” as a request for a judgement with reasons, so I begin with what would decide it.',
      'To analyse “{excerpt}” fairly, it helps to separate what is known from what is assumed.',
    ],
    bodies: [
      '1. Goal: what must be true afterwards, and how would anyone notice?\n2. Cost: what each option takes now, and what it takes every month after that.\n3. Risk: what happens if the main assumption is wrong, and how soon it would show.\n4. Way back: how expensive it is to change course later.\n\nWeighed like this, the option that can be undone cheaply usually beats the one that looks best on paper, because it buys information while the stakes are still low.',
      '- Evidence for: the pattern repeats, and it appears where the explanation predicts it.\n- Evidence against: there are simpler causes that would leave the same traces.\n- Missing: a comparison in which only one thing changes.\n\nThe strongest next step is that comparison. One clean measurement will settle more than another round of arguments, and it will tell you how large the effect is as well as whether it exists.',
    ],
    closings: [
      'My conclusion: decide on the reversible step first, write down what result would change your mind, and look again when it is in.',
      'In short: state the assumption that matters most, test it in the cheapest way there is, and let the result choose.',
    ],
  },
  creative: {
    openings: [
      'For “{excerpt}”, a few lines that came with the melt water:',
      'Here is what “{excerpt}” made me think of:',
    ],
    bodies: [
      'The ice let go one drop before the dawn,\nand then the next, until the gully sang;\nno single drop remembered where it had gone,\nyet down the hill the whole valley rang.\n\nA word is like that, loosened from the cold,\nand small, and in a hurry to be heard;\nit has no need to know the tale it told,\nit only has to follow the last word.',
      'The ferryman kept no clock. He counted travellers instead, and when the river rose he counted slower. One spring a girl asked him what he did with all the stories people told him on the way across.\n\n"I carry them," he said. "That is all a river is: everyone who ever said something, still on the way."\n\nShe thought about that until they touched the bank. Then she told him hers, and he rowed back lower in the water.',
    ],
    closings: [
      'If you want it darker, funnier or half as long, say so and I will try another turn.',
      'Tell me which line you would keep, and the next version will grow from that one.',
    ],
  },
  status: {
    openings: [
      'You asked about the state of things: “{excerpt}”.',
      'Regarding “{excerpt}”: here is what this answer can vouch for.',
    ],
    bodies: [
      '- Intake: your request was accepted and numbered.\n- Generation: running, or these words would not arrive one after another.\n- Delivery: each piece is stored before it is sent, so a dropped connection can resume where it stopped.\n\nThat covers the path between us. It says nothing yet about the services behind it; those report on their own channels.',
      'The path from your client to this answer is working end to end: the request came in, an answer is being produced, and its parts reach you in order. For everything beyond that path, the system status channel has the measured figures, and the provider health channel has a line for each provider.',
    ],
    closings: [
      'If something looks stuck, compare the last event you saw with the newest one on the status page: the gap tells you where to look.',
      'Ask again at any time. A status that is asked for twice and answered twice is already good news.',
    ],
  },
  monitoring: {
    openings: [
      'For “{excerpt}”, watch a few signals well rather than many badly.',
      'Taking “{excerpt}” as the brief, this is what I would put on the wall.',
    ],
    bodies: [
      '1. Latency: the time to the first token, at the median and at the 99th percentile.\n2. Traffic: requests and open connections, by user and in total.\n3. Errors: by code, since a cut stream and a refused request need different hands.\n4. Saturation: queues, buffers and slow readers, before they are full.\n\nAlert on what a user would notice, and let everything else be a graph.',
      'Start with the user: is an answer arriving, and is it arriving on time? Put one alert on each of those two questions. Under them place the causes as plain graphs: provider failures, retries, storage time, readers that fall behind. A graph explains, an alert wakes somebody up, and mixing the two is how dashboards stop being read.',
    ],
    closings: [
      'Review the thresholds after the first week. An alert that nobody acted on should be changed or removed.',
      'Then break something on purpose, on a quiet afternoon, and see whether the wall shows it before a user does.',
    ],
  },
  question: {
    openings: [
      'To your question “{excerpt}”: the short answer is that it depends on one thing, and it is worth finding out which.',
      'You asked “{excerpt}”, and I will answer in two steps.',
    ],
    bodies: [
      'First, the part that holds in general: the simplest explanation that fits all the observations is the one to try first, and most of the time it is enough. Second, the part that depends on you: what you already have, what you may change, and how much a wrong answer would cost. When the cost is low, try it and look. When it is high, find someone who has done it before and ask what they would do differently.',
      'Step one is to pin down the words, because two people often ask the same question and mean different things. Step two is to look for the smallest example in which the answer is plain to see. Once that example is on the table, the general case tends to follow, and where it does not follow, you have found the interesting exception.',
    ],
    closings: [
      'If you tell me what you have tried so far, I can be more exact.',
      'Give me one concrete case and I will work it through with you.',
    ],
  },
  conversation: {
    openings: [
      'Hello! You wrote “{excerpt}”, and it is good to hear from you.',
      'Thanks for writing “{excerpt}”. I am here and listening.',
    ],
    bodies: [
      'I am the embedded model: small, quick, and always the same, which makes me a pleasant companion for trying things out. You can ask me for some code, a comparison, a few lines of verse or a status report, and each of them reads a little differently. If you close this page in the middle of a sentence and come back, the rest of it will be waiting for you.',
      'There is no hurry. We can talk about what you are building, sort out a problem one step at a time, or simply check that everything between the two of us works. I answer word by word, so you can stop me as soon as you have read enough, and I will not be offended in the least.',
    ],
    closings: ['So, what shall we do first?', 'What is on your mind today?'],
  },
  general: {
    openings: [
      'You wrote “{excerpt}”. Here is how I would go about it.',
      'On “{excerpt}”: a few thoughts, in the order in which I would act on them.',
    ],
    bodies: [
      'Begin by saying in one sentence what a good result looks like. Then list what stands between here and there, and pick the item that would teach you the most if you did it first. Do that one, look at what happened, and adjust the list. Small steps with a look in between are slower for an hour and faster for a week.',
      'There are usually three things to settle: what has to happen, who needs to know, and what can wait. Settle the first today, even roughly. Tell the people concerned in plain words, with a date. Put the rest on a list where you will see it again, and do not let it crowd out the one thing that matters now.',
    ],
    closings: [
      'If you give me more detail, I can turn this into a concrete plan.',
      'Say which part you would like to look at more closely, and we will go on from there.',
    ],
  },
}
