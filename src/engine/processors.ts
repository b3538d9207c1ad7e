import type { LoadedConfig } from '../config/load-config.ts'
import type { RequestProcessorConfig } from '../config/schema.ts'
import { checkInlineSteps } from '../filters/filter-check.ts'
import { FilterCompiler } from '../filters/filter-compiler.ts'
import type { BuiltArea, MessageReader } from '../mapping/context.ts'
import {
  compileFieldList,
  EMPTY_FIELD,
  type FieldPlan,
  type FieldTemplate,
  inlineTemplates,
  type PlanEnvironment,
} from '../mapping/field-plan.ts'
import { compileProcessor, type RequestProcessor, type RequestProcessorTemplate } from '../mapping/request-processor.ts'
import type { Trace } from '../mapping/trace.ts'
import { TemplateError } from '../mapping/value.ts'
import { fieldTemplates } from './field-templates.ts'
import type { MappingSources } from './mapping-sources.ts'

/** Where a key of the configuration stands: `file:line`, or the key itself when no file has it. */
export function placesOf({ placeOf }: LoadedConfig): (key: string) => string {
  return (key) => {
    const at = placeOf(key)
    return at === undefined ? key : `${at.file}:${at.line}`
  }
}

/** The section `templates`, by id. */
export function namedTemplates(loaded: LoadedConfig): ReadonlyMap<string, readonly FieldTemplate[]> {
  const place = placesOf(loaded)
  const { templates } = loaded.config
  return new Map(
    Object.entries(templates).map(([id, fields]) => [id, fieldTemplates(fields, `templates.${id}`, place)]),
  )
}

/** What the processors of an agent are compiled with, whatever its protocol. */
export class ProcessorCompiler<M, G> {
  readonly #loaded: LoadedConfig
  readonly #reader: MessageReader<M, G>
  readonly #sources: MappingSources
  readonly #trace: Trace | undefined
  readonly #checkReplyPath: (path: string) => void
  readonly #templates: ReadonlyMap<string, readonly FieldTemplate[]>

  /** trace: told what they do. checkReplyPath: throws TemplateError for a path that no reply can have. */
  constructor(
    loaded: LoadedConfig,
    reader: MessageReader<M, G>,
    sources: MappingSources,
    trace: Trace | undefined,
    checkReplyPath: (path: string) => void,
  ) {
    this.#loaded = loaded
    this.#templates = namedTemplates(loaded)
    this.#reader = reader
    this.#sources = sources
    this.#trace = trace
    this.#checkReplyPath = checkReplyPath
  }

  /**
   * The request processors of a section. key: where their list stands in the configuration. services: as for compileProcessor.
   * Throws TemplateError.
   */
  compile(
    processors: readonly RequestProcessorConfig[],
    key: string,
    services?: { areRemote: boolean },
  ): RequestProcessor<M, G>[] {
    const place = placesOf(this.#loaded)
    return processors.map((processor, i) => {
      const path = `${key}[${i}]`
      return this.compileTemplate(
        {
          id: processor.id,
          filters: processor.filters,
          tenant: processor.tenant,
          flags: processor.flags,
          forEach: processor.for_each,
          requestFields: fieldTemplates(processor.request_fields, `${path}.request_fields`, place),
          replyFields: fieldTemplates(processor.reply_fields, `${path}.reply_fields`, place),
          place: place(path),
        },
        services,
      )
    })
  }

  /** Fields with templates of the configuration in place of those of type `*template`. Throws TemplateError. */
  inlined(fields: readonly FieldTemplate[]): FieldTemplate[] {
    return inlineTemplates(fields, this.#templates)
  }

  /** One processor. services: as for compileProcessor. Throws TemplateError. */
  compileTemplate(template: RequestProcessorTemplate, services?: { areRemote: boolean }): RequestProcessor<M, G> {
    return compileProcessor(template, (group) => this.#environment(group), services)
  }

  /**
   * A template of `templates` whose fields make a message of our own in one area (`*diamreq`). key: where its id stands; checkPath:
   * throws TemplateError for a path that such a message cannot have. Throws TemplateError.
   */
  compileBuilt(id: string, key: string, area: BuiltArea, checkPath: (path: string) => void): FieldPlan<M, G> {
    const at = placesOf(this.#loaded)(key)
    const fields = inlineTemplates([{ ...EMPTY_FIELD, type: '*template', value: id, place: at }], this.#templates)
    const plan = compileFieldList(fields, { ...this.#environment(undefined), builds: [area] })
    for (const { path, place } of fields) {
      try {
        if (path.startsWith(`${area}.`)) checkPath(path.slice(area.length + 1))
      } catch (cause) {
        throw cause instanceof TemplateError ? new TemplateError(`${place}: ${cause.message}`) : cause
      }
    }
    return plan
  }

  #environment(group: string | undefined): PlanEnvironment<M, G> {
    const { config } = this.#loaded
    const templates = this.#templates
    const trace = this.#trace
    const options = {
      separator: config.general.rsr_separator,
      config,
      cache: this.#sources.cache,
      group,
      ...(trace === undefined ? {} : { trace }),
    }
    const filters = new FilterCompiler(this.#reader, options, this.#sources)
    return {
      reader: this.#reader,
      options,
      templates,
      compileFilters: (ids) => {
        checkInlineSteps(ids)
        return filters.compile(ids)
      },
      checkReplyPath: this.#checkReplyPath,
      roundingDecimals: config.general.rounding_decimals,
      http: this.#sources.http,
    }
  }
}
