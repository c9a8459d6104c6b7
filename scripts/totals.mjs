// Adds up vitest's JSON reports in a folder and prints one line: `N passed, N failed`. Exits 1 unless all passed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2]
let passed = 0
let failed = 0
let skipped = 0
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
for (const name of files) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + report.numTodoTests
  // A file that could not even be loaded has no tests to fail.
  failed += report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
}
console.info(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed === 0 && files.length === 3 && passed > 0 ? 0 : 1)
