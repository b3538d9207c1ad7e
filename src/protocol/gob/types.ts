/**
 * What values are in the program: a gob is decoded into one of these, and encoded from one. `name` is the Go name with its
 * package (`utils.CGREvent`, `[]string`), which errors show. Documentation of Go's encoding/gob, "Types and Values".
 */
export type GobType =
  | GobLeaf<'bool', boolean>
  | GobLeaf<'int' | 'uint', number | bigint>
  | GobLeaf<'float', number>
  | GobLeaf<'bytes', Uint8Array>
  | GobLeaf<'string', string>
  | GobMarshaler
  | GobInterface
  | GobPointer
  | GobSlice
  | GobMap
  | GobStruct

/** A value that holds no others. Null and undefined are never given to `write`: they are the zero value. */
export type GobLeaf<K extends string, W> = {
  readonly kind: K
  readonly name: string
  /** The value of what was received. Throws GobError. */
  readonly read: (wire: W) => unknown
  /** What is sent of a value. Throws GobError. */
  readonly write: (value: unknown) => W
}

/** A type that brings its own bytes, such as time.Time. */
export type GobMarshaler = {
  readonly kind: 'marshaler'
  readonly name: string
  readonly form: MarshalerForm
  readonly read: (data: Buffer) => unknown
  /** value: null or undefined for the zero value. */
  readonly write: (value: unknown) => Uint8Array
  readonly isZero: (value: unknown) => boolean
}

/** GobEncoder, BinaryMarshaler, TextMarshaler. */
export type MarshalerForm = 'gob' | 'binary' | 'text'

/** A value of any type. */
export type GobInterface = {
  readonly kind: 'interface'
  readonly name: string
  readonly reader: DynamicReader
  /** The concrete type of a value, by the name that receivers know; null: nil. */
  readonly write: (value: unknown) => GobConcrete | null
}

export type GobConcrete = { readonly name: string; readonly type: GobType; readonly value: unknown }

/**
 * Makes values of types that only the sender knows: booleans, integers, texts and nil come as they are, slices and arrays as
 * arrays, maps by the text of their keys, structs as objects of the fields that were sent.
 */
export type DynamicReader = {
  float(value: number): unknown
  /** The value of an interface. name: that of its concrete type, as the sender registered it. */
  named(name: string, value: unknown): unknown
  bytes(value: Buffer): unknown
  complex(real: number, imaginary: number): unknown
  /** type: without its package. */
  marshaled(type: string, form: MarshalerForm, data: Buffer): unknown
}

/** A value that may be nothing. On the wire it is the value itself: nothing is left out, also where it is an element. */
export type GobPointer = { readonly kind: 'pointer'; readonly name: string; readonly of: GobType }

export type GobSlice = { readonly kind: 'slice'; readonly name: string; readonly of: GobType }

/** By text. */
export type GobMap = { readonly kind: 'map'; readonly name: string; readonly of: GobType }

export type GobStruct = {
  readonly kind: 'struct'
  readonly name: string
  readonly fields: readonly GobField[]
  /** A new value with every field at zero. */
  readonly zero: () => Record<string, unknown>
}

export type GobField = {
  readonly name: string
  readonly type: GobType
  /** The fields of this struct stand in the value of the struct that has it. */
  readonly isInline?: boolean
}

/** Sets a member of a value by a name that a peer gave. */
export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

/** The name of a type without its package, as definitions carry it. */
export function bareName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

const same = <T>(value: T): T => value

/** Leaves whose values are those of the wire. */
export const TEXT: GobType = { kind: 'string', name: 'string', read: same, write: String }
export const INT: GobType = { kind: 'int', name: 'int', read: same, write: (value) => value as number | bigint }

export function slice(of: GobType): GobSlice {
  return { kind: 'slice', name: `[]${of.name}`, of }
}

export function pointer(of: GobType): GobPointer {
  return { kind: 'pointer', name: `*${of.name}`, of }
}

/** A struct whose values are plain objects; zero values of its fields are left undefined. */
export function record(name: string, fields: Readonly<Record<string, GobType>>): GobStruct {
  return {
    kind: 'struct',
    name,
    fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
    zero: () => ({}),
  }
}
