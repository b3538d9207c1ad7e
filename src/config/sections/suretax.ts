import { z } from 'zod'
import { noEffect, secret, struct } from './key-types.ts'

/** Access to SureTax. Reference 01, 4.7. */
export const suretax = struct(
  'SureTaxJsonCfg',
  {
    ...noEffect(
      z.string(),
      'url',
      'client_number',
      'business_unit',
      'timezone',
      'return_file_code',
      'response_group',
      'response_type',
      'regulatory_code',
      'client_tracking',
      'customer_number',
      'orig_number',
      'term_number',
      'bill_to_number',
      'zipcode',
      'plus4',
      'p2pzipcode',
      'p2pplus4',
      'units',
      'unit_type',
      'tax_included',
      'tax_situs_rule',
      'trans_type_code',
      'sales_type_code',
      'tax_exemption_code_list',
    ),
    ...noEffect(secret, 'validation_key'),
    ...noEffect(z.boolean(), 'include_local_cost'),
  },
  { goFields: { p2pzipcode: 'P2PZipcode', p2pplus4: 'P2PPlus4' } },
)
