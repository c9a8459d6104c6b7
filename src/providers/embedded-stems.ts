/** Words that say nothing about a subject. */
const STOP = new Set(
  (
    'about above after again against ago all almost also always among and any anyone are aren around because been ' +
    'before being below best better between both but came can cannot come could day days did didn does doesn doing don ' +
    'done each either else even ever every feel few first for from gave get gets give given gives going good got had ' +
    'has hasn have haven having hello her here him his how however into isn its itself just keep kind know last later ' +
    'least less let like little long look looks made make makes many maybe might mine more most much must need needs ' +
    'never next not nothing now off often one only other our out over own per please put quite rather really right ' +
    'said same say says see seem seems she should show since some somebody someone something soon still such sure take ' +
    'tell than thank thanks that the their them then there these they thing things think this those though through ' +
    'time too try two under until upon use used user using very want wants was wasn way were what when where whether ' +
    'which while who whom whose why will with within without won work would wouldn year years yes yet you your yours ' +
    'agent answer answers expert experts field question questions result results specialist specialists tool tools'
  ).split(' '),
)

/** Endings and how many letters must be left without them; the first that fits is taken off, again and again. */
const ENDINGS: readonly (readonly [string, number])[] = [
  ...['ologists', 'ologist', 'ological', 'ology', 'ations', 'ation', 'ments', 'ment', 'ness'].map(atLeast(4)),
  ...['ings', 'ing', 'ied', 'ed'].map(atLeast(3)),
  ...['ists', 'ist', 'ions', 'ion', 'ine', 'ers', 'er', 'ies', 'ly', 'al', 'ac', 'ic', 'ary'].map(atLeast(4)),
  ...['es', 's'].map(atLeast(3)),
  ...['e', 'y', 'o'].map(atLeast(4)),
]

function atLeast(letters: number): (ending: string) => readonly [string, number] {
  return (ending) => [ending, letters]
}

/** A word without its endings, crudely: `cardiologist` and `cardiac` are both `cardi`. */
export function stemOf(word: string): string {
  let stem = word.toLowerCase()
  for (let again = true; again; ) {
    const ending = ENDINGS.find(([end, left]) => stem.endsWith(end) && stem.length - end.length >= left)
    again = ending !== undefined
    if (ending !== undefined) stem = stem.slice(0, -ending[0].length)
  }
  return stem
}

/** The words of a text in lower case; `snake_case` and `camelCase` are several. */
export function wordsOf(text: string): readonly string[] {
  const parted = text.replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
  return parted.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? []
}

/** The stems of a text's words that say something and have so many letters. */
export function stemsOf(text: string, letters: number): ReadonlySet<string> {
  return new Set(
    wordsOf(text)
      .filter((word) => word.length >= letters && !STOP.has(word))
      .map(stemOf),
  )
}
