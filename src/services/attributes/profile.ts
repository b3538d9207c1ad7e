import { InvalidText } from '../../core/errors.ts'
import type { MatchedProfile } from '../../filters/profile-set.ts'
import { ruleTexts } from '../../mapping/value-parser.ts'

/** One change of an event. Reference 06, 2.1. */
export type Attribute = {
  /** All must pass, else it is skipped. */
  readonly filterIds: readonly string[]
  /** `*req.<field>`, `*opts.<option>` or `*tenant`; others change nothing. */
  readonly path: string
  /** Empty: `*variable`. */
  readonly type: string
  /** The rules of its value. */
  readonly rules: readonly string[]
}

/** Changes that are made to events which match. Reference 06, 2.1. */
export type AttributeProfile = MatchedProfile & {
  /** For what events are changed (`*sessions`, `*chargers`, `*cdrs`...); `*any` alone: for everything. */
  readonly contexts: readonly string[]
  readonly attributes: readonly Attribute[]
  /** No profile is used after it. */
  readonly blocker: boolean
}

/** The context of profiles for everything. */
export const ANY_CONTEXT = '*any'

/** Whether an id is a profile by itself: `Type:Path:Value`, several joined by `;`. */
export function isInlineProfile(id: string): boolean {
  return id.startsWith('*')
}

/** The profile that an id is. Throws InvalidText. Reference 06, 2.5. */
export function parseInlineProfile(tenant: string, id: string): AttributeProfile {
  return {
    tenant,
    id,
    contexts: [ANY_CONTEXT],
    filterIds: [],
    activation: null,
    attributes: id.split(';').map((text) => parseInlineAttribute(text, id)),
    blocker: false,
    weight: 0,
  }
}

function parseInlineAttribute(text: string, id: string): Attribute {
  const [, type, path, value] = /^([^:]*):([^:]*):(.*)$/s.exec(text) ?? []
  if (type === undefined || path === undefined || value === undefined)
    throw new InvalidText(`inline parse error for string: <${text}>`)
  if (path === '') throw new InvalidText(`empty path in inline AttributeProfile <${id}>`)
  return { filterIds: [], path, type, rules: ruleTexts(value, '&') }
}
