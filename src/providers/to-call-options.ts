import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4ToolChoice,
} from '@ai-sdk/provider'
import * as z from 'zod'
import type { ModelRequest, Sampling, ToolChoice, ToolSpec } from '../core/model.ts'

type Options = Omit<LanguageModelV4CallOptions, 'prompt'>

/** A JSON Schema as far as the SDK looks at it: a tool's parameters are an object. */
const schemaSchema = z.custom<LanguageModelV4FunctionTool['inputSchema']>((value) => typeof value === 'object')

/** A request's tools and sampling in the SDK's words. What is not given is left out: then the model's default holds. */
export function toCallOptions({
  tools,
  toolChoice,
  sampling,
}: Pick<ModelRequest, 'tools' | 'toolChoice' | 'sampling'>): Options {
  const calling = tools.length === 0 ? {} : { tools: tools.map(toTool), toolChoice: toToolChoice(toolChoice) }
  return { ...calling, ...toSettings(sampling) }
}

/** Some providers refuse a schema without `type` or `properties`, as a tool without parameters may have it. */
function toTool({ name, description, parameters }: ToolSpec): LanguageModelV4FunctionTool {
  const inputSchema = schemaSchema.parse({ type: 'object', properties: {}, ...parameters })
  return { type: 'function', name, description, inputSchema }
}

function toToolChoice(choice: ToolChoice): LanguageModelV4ToolChoice {
  return typeof choice === 'string' ? { type: choice } : { type: 'tool', toolName: choice.name }
}

function toSettings(sampling: Sampling): Options {
  const { temperature, topP, maxOutputTokens, stop, seed, presencePenalty, frequencyPenalty, json } = sampling
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop === undefined || stop.length === 0 ? {} : { stopSequences: [...stop] }),
    ...(seed === undefined ? {} : { seed }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(json === true ? { responseFormat: { type: 'json' as const } } : {}),
  }
}
