import * as z from 'zod'

/** What a refusal by a limit tells beside its sentence: the limits as header fields, and the month's figures (D5). */
export const limitDetailsSchema = z.object({
  policies: z.array(
    z.object({
      name: z.string(),
      quota: z.number(),
      windowS: z.number().nullable(),
      remaining: z.number(),
      resetAt: z.number(),
    }),
  ),
  /** Of the monthly quota; null where none is concerned. */
  usage: z
    .object({
      current_usage: z.number(),
      monthly_limit: z.number(),
      remaining_quota: z.number(),
      reset_date: z.string(),
    })
    .nullable(),
})
export type LimitDetails = z.infer<typeof limitDetailsSchema>
