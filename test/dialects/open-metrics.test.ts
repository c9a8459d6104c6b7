import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openMetrics } from '../../src/dialects/open-metrics.ts'

it('[MO6] families, units, counters and labels are written as OpenMetrics has them, with an end', () => {
  const text = openMetrics([
    { name: 'a', type: 'counter', help: 'Of "a"', samples: [{ labels: {}, value: 3 }] },
    {
      name: 'b_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Of b',
      samples: [
        { labels: { model: 'x"y\\z\n', provider: 'p' }, value: 0.25 },
        { labels: { model: 'n', provider: 'p' }, value: Number.POSITIVE_INFINITY },
      ],
    },
  ])
  expect(text).toBe(
    [
      '# TYPE a counter',
      '# HELP a Of \\"a\\"',
      'a_total 3',
      '# TYPE b_seconds gauge',
      '# UNIT b_seconds seconds',
      '# HELP b_seconds Of b',
      'b_seconds{model="x\\"y\\\\z\\n",provider="p"} 0.25',
      'b_seconds{model="n",provider="p"} +Inf',
      '# EOF',
      '',
    ].join('\n'),
  )
})

it('[MO6] no name of a model ends its line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (model) => {
      const metric = { name: 'm', type: 'gauge', help: 'h', samples: [{ labels: { model }, value: 1 }] } as const
      expect(openMetrics([metric]).split(/[\n\r]/)).toHaveLength(5)
    }),
  )
})
