/** The text of a JSON-RPC reply to call 1. result: as JSON. */
export const value = (result: string): string => `{"id":1,"result":${result},"error":null}`

/** The text of a JSON-RPC error of call 1. */
export const error = (text: string): string => JSON.stringify({ id: 1, result: null, error: text })
