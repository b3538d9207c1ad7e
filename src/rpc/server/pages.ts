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

/** Configuration for other nodes: read gives the answer to what follows the page's own path. Reference 01, 6.3. */
export function configPage(ownPath: string, read: (path: string) => Promise<{ status: number; body: string }>): Page {
  return (request, response, { path }) => {
    request.resume()
    read(decodePath(path.slice(ownPath.length)))
      .then(({ status, body }) => sendText(response, status, body, { 'Content-Type': 'application/json' }))
      .catch((cause: unknown) => sendText(response, 500, `${String(cause)}\n`))
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
