import { expect, it } from 'vitest'
import { NamelessStarts } from '../../src/monitor/nameless-starts.ts'

it('[GE11] earlier starts of a nameless caller are remembered for a while, newest first', () => {
  const starts = new NamelessStarts()
  expect(starts.add('a', 'k1', 1000)).toEqual([])
  expect(starts.add('b', 'k2', 2000)).toEqual([])
  expect(starts.add('a', 'k3', 3000)).toEqual(['k1'])
  expect(starts.add('a', 'k4', 4000)).toEqual(['k3', 'k1'])
  expect(starts.add('a', 'k5', 202_000)).toEqual(['k4', 'k3'])
  expect(starts.add('b', 'k6', 202_000)).toEqual([])
  // What is in the future was written by another clock.
  expect(starts.add('b', 'k7', 5000)).toEqual([])
})

it('[GE11] a start that came to nothing is forgotten', () => {
  const starts = new NamelessStarts()
  starts.add('a', 'k1', 1000)
  starts.add('a', 'k2', 1001)
  starts.drop('a', 'k2')
  starts.drop('b', 'k2')
  expect(starts.add('a', 'k3', 1002)).toEqual(['k1'])
})

it('[GE11] only so many are remembered: of one caller, and of all', () => {
  const starts = new NamelessStarts()
  for (let i = 0; i < 20; i++) starts.add('a', `k${i}`, 1000 + i)
  expect(starts.add('a', 'k20', 1100)).toEqual(['k19', 'k18', 'k17', 'k16', 'k15', 'k14', 'k13', 'k12'])
  for (let i = 0; i < 20_000; i++) starts.add(`other ${i}`, 'k', 1200)
  expect(starts.add('a', 'k21', 1300)).toEqual([])
})
