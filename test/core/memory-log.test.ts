import { MemoryLog } from '../../src/core/memory-log.ts'
import { logSuite } from '../support/log-suite.ts'

logSuite('memory log', () => new MemoryLog('n0'))
