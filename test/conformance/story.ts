import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Json, parseJson, type RawNumber } from './json.ts'

export const FOLDER = import.meta.dirname
export const STORIES = join(FOLDER, 'stories')
export const TRANSPORTS = ['json-tcp', 'json-tls', 'http', 'https', 'ws', 'wss', 'birpc'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** What comes back: a result, an error, the octets for octets, or the calls that were waited for. */
export type Reply = {
  readonly result?: Json
  readonly error?: Json
  readonly octets?: string
  readonly calls?: readonly Json[]
}

/** One call, or octets as they are sent, or calls of the engine that are waited for. */
export type Step = {
  readonly name: string
  /** json-tcp by default; calls of a transport share a connection, octets have one of their own. */
  readonly transport?: Transport
  readonly method?: string
  /** The one argument, `{}` by default. `{tariffs}` is the path of the folder of tariffs. */
  readonly params?: Json
  /** Pieces of octets, each in a segment of its own; then the own side ends. */
  readonly send?: readonly string[]
  /** How many calls of the engine are waited for. */
  readonly calls?: RawNumber
  /** What the reference engine answered, masked; written by the recorder. */
  readonly reply?: Reply
  /** What Tollgate answers on purpose, and the subject of the row of docs/differences.md that says why. */
  readonly differs?: { readonly reply: Reply; readonly subject: string }
}

export type Story = {
  readonly name: string
  readonly why: string
  /** A file of configurations/, without its ending. */
  readonly configuration: string
  /** A folder of tariffs/ that is loaded before the first step. */
  readonly tariff?: string
  readonly steps: readonly Step[]
}

/** Every story by the name of its file, in order. Errors: a file that is no JSON, or that is named otherwise than its story. */
export function readStories(): Story[] {
  return readdirSync(STORIES)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map(readStory)
}

function readStory(file: string): Story {
  const name = basename(file, '.json')
  const story = parseJson(readFileSync(join(STORIES, file), 'utf8')) as unknown as Story
  if (story.name !== name) throw new Error(`${file}: its name is ${story.name}, expected ${name}`)
  return story
}

/** Stories that share a started engine: those of one configuration and tariff. */
export function groupStories(stories: readonly Story[]): Map<string, Story[]> {
  return Map.groupBy(stories, ({ configuration, tariff }) =>
    tariff === undefined ? configuration : `${configuration}, ${tariff}`,
  )
}
