import type { Dialect } from '../dialect.ts'
import { d1 } from './d1.ts'
import { d2 } from './d2.ts'
import { d3Get, d3Post } from './d3.ts'
import { d4 } from './d4.ts'
import { d5, d5Batches } from './d5.ts'
import { d6 } from './d6.ts'
import { d7 } from './d7.ts'

export const DIALECTS: readonly Dialect[] = [d1, d2, d3Get, d3Post, d4, d5, d5Batches, d6, d7]
