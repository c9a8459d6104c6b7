import fc from 'fast-check'

/**
 * The same examples at every run, for the projects that name this file in `setupFiles`. Others are tried with
 * `FC_SEED=<any number>`; a failure tells its seed.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['FC_SEED'] ?? 20_240_511) })
