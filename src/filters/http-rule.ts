import { textOf } from '../mapping/context.ts'
import { requestJson } from '../mapping/http-value.ts'
import { MappingError, TemplateError } from '../mapping/value.ts'
import type { FilterRule } from './filter-rule.ts'
import { compileElement, type Predicate, type RuleEnvironment } from './sides.ts'

/** Words of Go's strconv.ParseBool. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/**
 * `*http#[URL]`: what a web server says, as a word. Element `*any` sends the event, any other is a parameter of the query, named as
 * it is written. An element that is not there fails. Reference 02, 6.3.
 */
export function compileHttp<M, G>(rule: FilterRule, url: string, environment: RuleEnvironment<M, G>): Predicate<M, G> {
  const { http } = environment.lookups
  if (http === undefined) throw new TemplateError(`${rule.type}: a URL cannot be asked here`)
  if (rule.element === '*any') return (context) => isTrue(http(url, requestJson(context)))
  const source = compileElement(rule, environment)
  const start = `${url}${url.includes('?') ? '&' : '?'}${queryEscaped(rule.element)}=`
  return (context) => {
    const value = source(context)
    return value !== undefined && isTrue(http(start + queryEscaped(textOf(value)), undefined))
  }
}

function isTrue(word: string): boolean {
  if (TRUE.has(word)) return true
  if (FALSE.has(word)) return false
  throw new MappingError(`strconv.ParseBool: parsing ${JSON.stringify(word)}: invalid syntax`)
}

/** As Go's url.QueryEscape. */
function queryEscaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
