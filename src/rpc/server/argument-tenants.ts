import type { Shape } from '../shape.ts'

/** No tenant has this name. */
export const EVERY_TENANT = ''

/**
 * The tenants that an argument is about: its `Tenant`, that of its event, or all of its `Tenants`; also those of structs that
 * stand in it as its own. None: the argument is not about certain tenants. An empty one is the default; EVERY_TENANT: it is a
 * filter that lets all of them pass, whatever it is called for.
 */
export function tenantsOf(shape: Shape, argument: unknown, defaultTenant: string): string[] {
  const { form } = shape
  if (form.kind === 'pointer') return argument === null ? [] : tenantsOf(form.of, argument, defaultTenant)
  if (form.kind !== 'struct') return []
  const tenants: string[] = []
  for (const [name, field] of Object.entries(form.fields)) {
    const value = (argument as Record<string, unknown>)[name]
    if (name === 'Tenant' && field.form.kind === 'text') tenants.push(String(value) || defaultTenant)
    else if (name === 'Tenants' && field.form.kind === 'list') tenants.push(...listed(value as string[]))
    else if (name === 'Event' && (field.form.kind === 'map' || field.form.kind === 'pointer'))
      tenants.push(...tenantOfEvent(value))
    else if (field.embedded) tenants.push(...tenantsOf(field, value, defaultTenant))
  }
  return tenants
}

/** A filter without names lets everything pass. */
function listed(names: readonly string[]): readonly string[] {
  return names.length === 0 ? [EVERY_TENANT] : names
}

function tenantOfEvent(event: unknown): string[] {
  const tenant = (event as Record<string, unknown> | null)?.['Tenant']
  return typeof tenant === 'string' && tenant !== '' ? [tenant] : []
}
