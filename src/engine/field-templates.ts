import type { FieldTemplateConfig } from '../config/schema.ts'
import type { FieldTemplate } from '../mapping/field-plan.ts'

/** Field templates of the configuration, with their places. place: of a key, `file:line`. */
export function fieldTemplates(
  fields: readonly FieldTemplateConfig[],
  path: string,
  place: (path: string) => string,
): FieldTemplate[] {
  return fields.map((field, i) => ({
    tag: field.tag === '' ? field.path : field.tag,
    type: field.type,
    path: field.path,
    filters: field.filters,
    value: field.value,
    mandatory: field.mandatory,
    blocker: field.blocker,
    newBranch: field.new_branch,
    attributeId: field.attribute_id ?? '',
    width: field.width ?? 0,
    strip: field.strip ?? '',
    padding: field.padding ?? '',
    layout: field.layout ?? '',
    timezone: field.timezone ?? '',
    maskDestinationId: field.mask_destinationd_id ?? '',
    maskLength: field.mask_length ?? 0,
    place: place(`${path}[${i}]`),
  }))
}
