import { GobError } from './gob-error.ts'
import { type GobType, INT, type MarshalerForm, pointer, record, slice, TEXT } from './types.ts'

/** Ids below are those of the types that every connection knows. */
export const FIRST_OWN_ID = 64

/** Ids of the types without a definition. */
export const BASIC_IDS = { bool: 1, int: 2, uint: 3, float: 4, bytes: 5, string: 6, complex: 7, interface: 8 } as const

/** What a peer says of one of its types. Elements and fields are type ids, which may be defined later. */
export type WireType =
  | { readonly kind: 'array' | 'slice'; readonly name: string; readonly elem: number; readonly length: number }
  | { readonly kind: 'map'; readonly name: string; readonly key: number; readonly elem: number }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly WireField[] }
  | { readonly kind: 'marshaler'; readonly name: string; readonly form: MarshalerForm }

export type WireField = { readonly name: string; readonly id: number }

const commonType = record('CommonType', { Name: TEXT, Id: INT })
const arrayType = record('arrayType', { CommonType: commonType, Elem: INT, Len: INT })
const sliceType = record('sliceType', { CommonType: commonType, Elem: INT })
const structType = record('structType', {
  CommonType: commonType,
  Field: slice(record('fieldType', { Name: TEXT, Id: INT })),
})
const mapType = record('mapType', { CommonType: commonType, Key: INT, Elem: INT })
const marshalerType = record('gobEncoderType', { CommonType: commonType })

/** A definition as it is sent: of its fields one is given. */
export const WIRE_TYPE: GobType = record('wireType', {
  ArrayT: pointer(arrayType),
  SliceT: pointer(sliceType),
  StructT: pointer(structType),
  MapT: pointer(mapType),
  GobEncoderT: pointer(marshalerType),
  BinaryMarshalerT: pointer(marshalerType),
  TextMarshalerT: pointer(marshalerType),
})

/** The value of WIRE_TYPE; what is left out is zero. */
export type WireTypeValue = {
  readonly ArrayT?: Common & { readonly Elem?: number; readonly Len?: number }
  readonly SliceT?: Common & { readonly Elem?: number }
  readonly StructT?: Common & { readonly Field?: readonly { readonly Name?: string; readonly Id?: number }[] }
  readonly MapT?: Common & { readonly Key?: number; readonly Elem?: number }
  readonly GobEncoderT?: Common
  readonly BinaryMarshalerT?: Common
  readonly TextMarshalerT?: Common
}

type Common = { readonly CommonType?: { readonly Name?: string; readonly Id?: number } }

export const WIRE_TYPE_ID = 16
const MARSHALER_TYPE_ID = 24

/** The types in which types are defined, by id; that of the marshalers has none of its own in the documentation. */
export const BOOTSTRAP_TYPES: ReadonlyMap<number, WireType> = new Map([
  [
    WIRE_TYPE_ID,
    struct('wireType', {
      ArrayT: 17,
      SliceT: 19,
      StructT: 20,
      MapT: 23,
      GobEncoderT: MARSHALER_TYPE_ID,
      BinaryMarshalerT: MARSHALER_TYPE_ID,
      TextMarshalerT: MARSHALER_TYPE_ID,
    }),
  ],
  [17, struct('arrayType', { CommonType: 18, Elem: 2, Len: 2 })],
  [18, struct('CommonType', { Name: 6, Id: 2 })],
  [19, struct('sliceType', { CommonType: 18, Elem: 2 })],
  [20, struct('structType', { CommonType: 18, Field: 22 })],
  [21, struct('fieldType', { Name: 6, Id: 2 })],
  [22, { kind: 'slice', name: '[]fieldType', elem: 21, length: 0 }],
  [23, struct('mapType', { CommonType: 18, Key: 2, Elem: 2 })],
  [MARSHALER_TYPE_ID, struct('gobEncoderType', { CommonType: 18 })],
] as const)

function struct(name: string, fields: Readonly<Record<string, number>>): WireType {
  return { kind: 'struct', name, fields: Object.entries(fields).map(([field, id]) => ({ name: field, id })) }
}

/** The type that a definition describes. Throws GobError when it describes none. */
export function wireTypeOf(value: WireTypeValue): WireType {
  const { ArrayT, SliceT, StructT, MapT, GobEncoderT, BinaryMarshalerT, TextMarshalerT } = value
  if (ArrayT !== undefined)
    return { kind: 'array', name: nameOf(ArrayT), elem: ArrayT.Elem ?? 0, length: ArrayT.Len ?? 0 }
  if (SliceT !== undefined) return { kind: 'slice', name: nameOf(SliceT), elem: SliceT.Elem ?? 0, length: 0 }
  if (MapT !== undefined) return { kind: 'map', name: nameOf(MapT), key: MapT.Key ?? 0, elem: MapT.Elem ?? 0 }
  if (StructT !== undefined) {
    const fields = (StructT.Field ?? []).map(({ Name = '', Id = 0 }) => ({ name: Name, id: Id }))
    return { kind: 'struct', name: nameOf(StructT), fields }
  }
  if (GobEncoderT !== undefined) return { kind: 'marshaler', name: nameOf(GobEncoderT), form: 'gob' }
  if (BinaryMarshalerT !== undefined) return { kind: 'marshaler', name: nameOf(BinaryMarshalerT), form: 'binary' }
  if (TextMarshalerT !== undefined) return { kind: 'marshaler', name: nameOf(TextMarshalerT), form: 'text' }
  throw new GobError('corrupted data: a type definition without a type')
}

function nameOf({ CommonType }: Common): string {
  return CommonType?.Name ?? ''
}
