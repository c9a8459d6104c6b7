/** One figure of a family, told apart from the others by its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A family of figures as OpenMetrics has it; a counter's samples are written with `_total`. */
export interface Metric {
  /** `[a-z_]+`, without `_total`. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  /** As OpenMetrics names units: `seconds`, `bytes`; then the name ends with it. */
  readonly unit?: string
  readonly help: string
  readonly samples: readonly Sample[]
}
