/** The name by which the router is asked to choose; `freshet/<agent>` names an agent. */
export const ROUTED_MODEL = 'freshet'

/** What `GET /v1/models/{id}` answers. */
export interface OpenAiModel {
  readonly id: string
  readonly object: 'model'
  /** Seconds since 1970. */
  readonly created: number
  readonly owned_by: 'freshet'
}

/** What `GET /v1/models` answers. */
export interface OpenAiModelList {
  readonly object: 'list'
  readonly data: readonly OpenAiModel[]
}

/** One model. Nobody knows when it was made: 0, since clients want a number. */
export function modelBody(id: string): OpenAiModel {
  return { id, object: 'model', created: 0, owned_by: 'freshet' }
}

/** What can be asked for, in one page. @param names e.g. `freshet`, `freshet/<agent>`, the names of providers' models */
export function modelList(names: readonly string[]): OpenAiModelList {
  return { object: 'list', data: [...new Set(names)].map(modelBody) }
}
