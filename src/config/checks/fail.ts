import { ConfigError } from '../config-error.ts'

/** Refuses a configuration: the key, and what CGRateS says. */
export function fail(key: string, problem: string): never {
  throw new ConfigError([{ place: undefined, key, problem, client: problem }])
}
