import * as z from 'zod'

// zod compiles its schemas with `new Function` and probes whether it may; under a Content-Security-Policy without
// `unsafe-eval` the probe alone is reported as a violation. Imported before any schema is made.
z.config({ jitless: true })
