import { type Page, sendText } from './http-listener.ts'

/** Why nothing can be charged any more, undefined when all is well: 503 or 200. */
export function healthPage(failure: () => string | undefined): Page {
  return (request, response) => {
    request.resume()
    const reason = failure()
    const status = reason === undefined ? 200 : 503
    const body = reason === undefined ? { status: 'ok' } : { status: 'failed', reason }
    sendText(response, status, JSON.stringify(body), { 'Content-Type': 'application/json; charset=utf-8' })
  }
}

/** A page whose text is made at each visit. */
export function textPage(contentType: string, text: () => string | Promise<string>): Page {
  return (request, response) => {
    request.resume()
    Promise.resolve()
      .then(text)
      .then((body) => sendText(response, 200, body, { 'Content-Type': contentType }))
      .catch((cause: unknown) => sendText(response, 500, `${String(cause)}\n`))
  }
}
