import type { z } from 'zod'
import { apiers } from './sections/apiers.ts'
import { cdrs } from './sections/cdrs.ts'
import { chargers } from './sections/chargers.ts'
import { dataDb, storDb } from './sections/databases.ts'
import { diameterAgent } from './sections/diameter-agent.ts'
import { ees } from './sections/ees.ts'
import { templates } from './sections/field-template.ts'
import { general } from './sections/general.ts'
import { http, listen } from './sections/listeners.ts'
import { rals } from './sections/rals.ts'
import { schedulers } from './sections/schedulers.ts'
import { sessions } from './sections/sessions.ts'

/** Type and check of every key, by section. The defaults are `config/tollgate.json`, over which every file is merged. */
export const SECTIONS = {
  general,
  templates,
  listen,
  http,
  data_db: dataDb,
  stor_db: storDb,
  rals,
  sessions,
  chargers,
  cdrs,
  schedulers,
  apiers,
  ees,
  diameter_agent: diameterAgent,
} as const

export type SectionName = keyof typeof SECTIONS

/** The configuration: every section with its defaults filled in. Keys as in the files. */
export type Config = { readonly [S in SectionName]: z.output<(typeof SECTIONS)[S]> }

export type FieldTemplateConfig = Config['templates'][string][number]
export type RequestProcessorConfig = Config['diameter_agent']['request_processors'][number]
export type ExporterConfig = Config['ees']['exporters'][number]
