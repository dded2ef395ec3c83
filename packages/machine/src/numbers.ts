/**
 * Weak brands: what a `number` or `bigint` holds, said where a value crosses a border (a field, a parameter, an
 * exported result). They accept plain literals and need no casts; `aot` reads the brand's name, `tsc` sees a number.
 *
 * A brand on a field is also its storage width: a `u8` takes one byte of the object, a plain `number` eight.
 */
declare const kind: unique symbol;

/** A 64-bit floating-point number. Plain `number` is a 64-bit register that holds a safe integer. */
export type f64 = number & { readonly [kind]?: 'f64' };
/** A 32-bit floating-point number in storage; arithmetic is done in `f64`. */
export type f32 = number & { readonly [kind]?: 'f32' };
/** 0 to 255. */
export type u8 = number & { readonly [kind]?: 'u8' };
/** 0 to 65,535. */
export type u16 = number & { readonly [kind]?: 'u16' };
/** 0 to 4,294,967,295. */
export type u32 = number & { readonly [kind]?: 'u32' };
/** -128 to 127. */
export type i8 = number & { readonly [kind]?: 'i8' };
/** -32,768 to 32,767. */
export type i16 = number & { readonly [kind]?: 'i16' };
/** -2,147,483,648 to 2,147,483,647. */
export type i32 = number & { readonly [kind]?: 'i32' };
/** 64 bits without sign, in one register. */
export type u64 = bigint & { readonly [kind]?: 'u64' };
/** 64 bits with sign, in one register. */
export type i64 = bigint & { readonly [kind]?: 'i64' };
/** Bytes as text: one code of 0-255 for each byte (paths, names, arguments). UTF-8 only at display. */
export type bytestr = string & { readonly [kind]?: 'bytestr' };
