import { compileJsonPath } from '../../filters/json-path.ts'
import type { MessageReader } from '../../mapping/context.ts'
import { TemplateError, type Value } from '../../mapping/value.ts'
import { compileXmlText, xmlSteps } from '../../mapping/xml/xml-path.ts'
import type { HttpMessage, RequestPayload } from './http-request.ts'

type Read = (message: HttpMessage) => Value

/** Selectors of HTTP requests, by the `request_payload` of their agent; `*hdr` has the headers. Reference 07, 4. */
export class HttpReader implements MessageReader<HttpMessage, never> {
  readonly #payload: RequestPayload

  constructor(payload: RequestPayload) {
    this.#payload = payload
  }

  compileRequestPath(path: string): Read {
    switch (this.#payload) {
      case '*url':
        return compileParameter(path)
      case '*xml': {
        const read = compileXmlText(xmlSteps(path))
        // What is not there is empty.
        return ({ payload }) => (payload.kind === 'xml' ? (read(payload.document) ?? '') : undefined)
      }
      case '*json': {
        const read = compileJsonPath(path)
        return ({ payload }) => {
          const value = payload.kind === 'json' ? read(payload.tree) : undefined
          // What is null is not there.
          return value === null ? undefined : value
        }
      }
    }
  }

  compileItemPath(): never {
    throw new TemplateError('an HTTP request has no groups: "for_each" is not for it')
  }

  compileGroupPath(): never {
    throw new TemplateError('an HTTP request has no groups: "for_each" is not for it')
  }

  compileOwnPath(area: string, path: string): Read | undefined {
    if (area !== '*hdr') return undefined
    const name = path.toLowerCase()
    return ({ request: { headers } }) => headers[name]
  }
}

/** One parameter; it is empty when it is not there, and a deeper path is not found. */
function compileParameter(path: string): Read {
  if (path.includes('.')) return () => undefined
  return ({ payload }) => (payload.kind === 'url' ? (payload.parameters.get(path) ?? '') : undefined)
}
