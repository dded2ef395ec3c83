/* What every C unit that aot emits includes first: value types, object layouts and checked arithmetic.
 * Layouts: docs/internals/native-abi.md. No allocator, string or collection logic lives here: those are kernel TypeScript. */
#ifndef TS_PRELUDE_H
#define TS_PRELUDE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ts_obj { uint32_t cls, flags; } *ref;
/* Results of functions that may throw: the error travels in the second return register. */
typedef struct { int64_t v; ref e; } ts_ri;
typedef struct { uint64_t v; ref e; } ts_ru;
#ifndef TS_NO_FLOAT
typedef struct { double v; ref e; } ts_rd;
#endif
typedef struct { ref v; ref e; } ts_rr;
typedef struct { int64_t v; ref e; } ts_rb;

struct ts_str { uint32_t cls, flags, length, hash; };
struct ts_store { uint32_t cls, flags; int64_t capacity; };
struct ts_arr { uint32_t cls, flags; int64_t length; struct ts_store *store; };
struct ts_view { uint32_t cls, flags; int64_t byteLength; uint64_t address; ref owner; };
struct ts_clo { uint32_t cls, flags; ref (*code)(ref, int64_t, ref, ref, ref, ref); };
struct ts_box { uint32_t cls, flags; union { int64_t i; uint64_t u; double d; ref r; } w; };
struct ts_field { const char *name; uint32_t offset, kind; };
struct ts_class { uint32_t size, kind, base, refs; const uint32_t *offsets; const char *name; uint64_t fields; };

#define TS_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define TS_LIKELY(x) __builtin_expect(!!(x), 1)
#define TS_COLD __attribute__((cold, noinline))
#define TS_SAFE INT64_C(9007199254740991)
/* Every store of a field, element, box or global. References pass the collector's deletion barrier: while it marks, the old
   value is shaded before it is overwritten. */
extern int64_t ts_gc_marking;
void ts_rt_writeBarrier(int64_t oldWord);
static inline void ts_barrier(const ref *slot) {
  if (__builtin_expect(ts_gc_marking != 0, 0)) ts_rt_writeBarrier((int64_t)*slot);
}
#define TS_WR(slot, value) __extension__({ \
  __typeof__(slot) ts_v = (value); \
  __typeof__(slot) *ts_p = &(slot); \
  if (_Generic(*ts_p, ref: 1, default: 0)) ts_barrier((const ref *)ts_p); \
  *ts_p = ts_v; })
#define TS_STORAGE(a) ((char *)(a)->store + 16)

extern struct ts_obj ts_null_cell;
#define TS_NULL (&ts_null_cell)
#define TS_TRUE ((ref)10)
#define TS_FALSE ((ref)2)

enum { TS_P_OVERFLOW, TS_P_INDEX, TS_P_DIVIDE, TS_P_UNDEFINED, TS_P_RANGE, TS_P_KIND, TS_P_DISPATCH, TS_P_UNREACHABLE,
       TS_P_BIGINT, TS_P_LENGTH, TS_P_ARITY, TS_P_THROW, TS_P_CAST };
_Noreturn TS_COLD void ts_panic(int kind, const char *file, int line);

ref ts_alloc(uint32_t cls, int64_t bytes);
ref ts_arr_new(uint32_t cls, int64_t length, const char *file, int line);
void ts_arr_room(struct ts_arr *a, int64_t capacity);
#ifndef TS_NO_FLOAT
TS_COLD ref ts_box_f64(double d);
#endif
TS_COLD ref ts_box_u64(uint64_t u);
TS_COLD ref ts_box_i64(int64_t i);
bool ts_val_eq(ref a, ref b);
bool ts_val_truthy(ref v);
bool ts_str_eq_slow(ref a, ref b);
const char *ts_class_name(uint32_t cls);

static inline bool ts_is_ptr(ref v) { return ((uintptr_t)v & 7) == 0 && v != 0; }
static inline bool ts_is_int(ref v) { return (uintptr_t)v & 1; }
static inline bool ts_is_bool(ref v) { return ((uintptr_t)v & 7) == 2; }
static inline bool ts_is_cls(ref v, uint32_t lo, uint32_t hi) { return ts_is_ptr(v) && v->cls - lo <= hi - lo; }
static inline bool ts_is_str(ref v) { return ts_is_cls(v, 1, 2); }
static inline bool ts_is_num(ref v) { return ts_is_int(v) || ts_is_cls(v, 15, 15); }
static inline bool ts_is_big(ref v) { return ts_is_cls(v, 16, 17); }
static inline bool ts_is_obj(ref v) { return ts_is_ptr(v) && !ts_is_cls(v, 1, 2) && !ts_is_cls(v, 15, 17) && v != TS_NULL; }
static inline ref ts_of_int(int64_t n) { return (ref)(((uint64_t)n << 1) | 1); }
static inline ref ts_of_bool(bool b) { return b ? TS_TRUE : TS_FALSE; }
#ifndef TS_NO_FLOAT
static inline ref ts_of_f64(double d) {
  if (d >= -9e15 && d <= 9e15 && (double)(int64_t)d == d && !(d == 0 && __builtin_signbit(d))) return ts_of_int((int64_t)d);
  return ts_box_f64(d);
}
#endif
static inline int64_t ts_to_int(ref v, const char *file, int line) {
  if (TS_LIKELY(ts_is_int(v))) return (int64_t)v >> 1;
  ts_panic(TS_P_KIND, file, line);
}
static inline bool ts_to_bool(ref v) { return v == TS_TRUE; }
#ifndef TS_NO_FLOAT
static inline double ts_to_f64(ref v, const char *file, int line) {
  if (ts_is_int(v)) return (double)((int64_t)v >> 1);
  if (ts_is_cls(v, 15, 15)) return ((struct ts_box *)v)->w.d;
  ts_panic(TS_P_KIND, file, line);
}
#endif
static inline uint64_t ts_to_u64(ref v, const char *file, int line) {
  if (ts_is_big(v) && (v->cls == 16 || ((struct ts_box *)v)->w.i >= 0)) return ((struct ts_box *)v)->w.u;
  ts_panic(TS_P_KIND, file, line);
}
static inline int64_t ts_to_i64(ref v, const char *file, int line) {
  if (ts_is_big(v) && (v->cls == 17 || ((struct ts_box *)v)->w.i >= 0)) return ((struct ts_box *)v)->w.i;
  ts_panic(TS_P_KIND, file, line);
}

/* Integers: 64-bit registers whose values stay safe integers. */
static inline int64_t ts_chk(int64_t n, const char *file, int line) {
  if (TS_UNLIKELY((uint64_t)n + (uint64_t)TS_SAFE > 2 * (uint64_t)TS_SAFE)) ts_panic(TS_P_OVERFLOW, file, line);
  return n;
}
static inline int64_t ts_add(int64_t a, int64_t b, const char *f, int l) { return ts_chk(a + b, f, l); }
static inline int64_t ts_sub(int64_t a, int64_t b, const char *f, int l) { return ts_chk(a - b, f, l); }
static inline int64_t ts_mul(int64_t a, int64_t b, const char *f, int l) {
  int64_t r;
  if (TS_UNLIKELY(__builtin_mul_overflow(a, b, &r))) ts_panic(TS_P_OVERFLOW, f, l);
  return ts_chk(r, f, l);
}
static inline int64_t ts_div(int64_t a, int64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  return a / b;
}
static inline int64_t ts_floordiv(int64_t a, int64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  int64_t q = a / b;
  return q - ((a % b != 0) & ((a < 0) != (b < 0)));
}
static inline int64_t ts_ceildiv(int64_t a, int64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  int64_t q = a / b;
  return q + ((a % b != 0) & ((a < 0) == (b < 0)));
}
static inline int64_t ts_rem(int64_t a, int64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  return a % b;
}
static inline int64_t ts_pow(int64_t a, int64_t b, const char *f, int l) {
  if (b < 0) ts_panic(TS_P_RANGE, f, l);
  int64_t r = 1;
  for (; b > 0; b--) {
    r = ts_mul(r, a, f, l);
    if (r == 0 || r == 1) { if (a == 0 || a == 1) return r; }
  }
  return r;
}
static inline int64_t ts_fit(int64_t n, int64_t lo, int64_t hi, const char *f, int l) {
  if (TS_UNLIKELY(n < lo || n > hi)) ts_panic(TS_P_RANGE, f, l);
  return n;
}
/* BigInts: one register; outside asUintN/asIntN a result that does not fit is a panic. */
#define TS_BIGOP(name, op)                                                                                        \
  static inline uint64_t ts_u##name(uint64_t a, uint64_t b, const char *f, int l) {                               \
    uint64_t r;                                                                                                   \
    if (TS_UNLIKELY(__builtin_##op##_overflow(a, b, &r))) ts_panic(TS_P_BIGINT, f, l);                            \
    return r;                                                                                                     \
  }                                                                                                               \
  static inline int64_t ts_i##name(int64_t a, int64_t b, const char *f, int l) {                                  \
    int64_t r;                                                                                                    \
    if (TS_UNLIKELY(__builtin_##op##_overflow(a, b, &r))) ts_panic(TS_P_BIGINT, f, l);                            \
    return r;                                                                                                     \
  }
TS_BIGOP(add, add)
TS_BIGOP(sub, sub)
TS_BIGOP(mul, mul)
static inline uint64_t ts_udiv(uint64_t a, uint64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  return a / b;
}
static inline uint64_t ts_urem(uint64_t a, uint64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  return a % b;
}
static inline int64_t ts_idiv(int64_t a, int64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  if (TS_UNLIKELY(b == -1)) return ts_isub(0, a, f, l);
  return a / b;
}
static inline int64_t ts_irem(int64_t a, int64_t b, const char *f, int l) {
  if (TS_UNLIKELY(b == 0)) ts_panic(TS_P_DIVIDE, f, l);
  return b == -1 ? 0 : a % b;
}
static inline int64_t ts_u2i(uint64_t u, const char *f, int l) {
  if (TS_UNLIKELY(u >> 63)) ts_panic(TS_P_BIGINT, f, l);
  return (int64_t)u;
}
static inline uint64_t ts_i2u(int64_t i, const char *f, int l) {
  if (TS_UNLIKELY(i < 0)) ts_panic(TS_P_BIGINT, f, l);
  return (uint64_t)i;
}
static inline uint64_t ts_wshl(uint64_t a, uint64_t n) { return n > 63 ? 0 : a << n; }
static inline uint64_t ts_ushr(uint64_t a, uint64_t n) { return n > 63 ? 0 : a >> n; }
static inline int64_t ts_ishr(int64_t a, uint64_t n) { return a >> (n > 63 ? 63 : n); }
static inline int64_t ts_ishl(int64_t a, uint64_t n, const char *f, int l) {
  int64_t r = (int64_t)ts_wshl((uint64_t)a, n);
  if (TS_UNLIKELY(a != 0 && (n > 63 || r >> n != a))) ts_panic(TS_P_BIGINT, f, l);
  return r;
}
static inline uint64_t ts_ushl(uint64_t a, uint64_t n, const char *f, int l) {
  uint64_t r = ts_wshl(a, n);
  if (TS_UNLIKELY(a != 0 && (n > 63 || r >> n != a))) ts_panic(TS_P_BIGINT, f, l);
  return r;
}
static inline uint64_t ts_as_uint(int64_t bits, uint64_t v) { return bits >= 64 ? v : v & ((UINT64_C(1) << bits) - 1); }
static inline int64_t ts_as_int(int64_t bits, uint64_t v) { return bits >= 64 ? (int64_t)v : (int64_t)(v << (64 - bits)) >> (64 - bits); }

/* References */
static inline bool ts_nullish(ref v) { return v == 0 || v == TS_NULL; }
static inline ref ts_some(ref v, const char *f, int l) {
  if (TS_UNLIKELY(ts_nullish(v))) ts_panic(TS_P_UNDEFINED, f, l);
  return v;
}
static inline bool ts_str_eq(ref a, ref b) { return a == b || (a && b && a != TS_NULL && b != TS_NULL && ((struct ts_str *)a)->length == ((struct ts_str *)b)->length && ts_str_eq_slow(a, b)); }
static inline int64_t ts_str_len(ref a) { return ((struct ts_str *)a)->length; }

/* Arrays */
static inline int64_t ts_arr_len(ref a) { return ((struct ts_arr *)a)->length; }
static inline char *ts_arr_at(ref a, int64_t i, const char *f, int l) {
  struct ts_arr *x = (struct ts_arr *)a;
  if (TS_UNLIKELY((uint64_t)i >= (uint64_t)x->length)) ts_panic(TS_P_INDEX, f, l);
  return TS_STORAGE(x) + i * 8;
}
/* a[a.length] = x appends, as in JavaScript; anything further would leave holes. */
static inline char *ts_arr_slot(ref a, int64_t i, const char *f, int l) {
  struct ts_arr *x = (struct ts_arr *)a;
  if (TS_UNLIKELY((uint64_t)i >= (uint64_t)x->length)) {
    if (i != x->length) ts_panic(TS_P_INDEX, f, l);
    if (!x->store || x->store->capacity == i) ts_arr_room(x, i + 1);
    x->length = i + 1;
  }
  return TS_STORAGE(x) + i * 8;
}
static inline char *ts_arr_more(ref a) {
  struct ts_arr *x = (struct ts_arr *)a;
  int64_t n = x->length;
  if (TS_UNLIKELY(!x->store || x->store->capacity == n)) ts_arr_room(x, n + 1);
  x->length = n + 1;
  return TS_STORAGE(x) + n * 8;
}

/* Typed arrays and DataView: (address, byteLength) views with bounds checks. */
static inline char *ts_view_at(ref v, int64_t i, int64_t width, const char *f, int l) {
  struct ts_view *x = (struct ts_view *)v;
  if (TS_UNLIKELY((uint64_t)i >= (uint64_t)x->byteLength / (uint64_t)width)) ts_panic(TS_P_INDEX, f, l);
  return (char *)x->address + i * width;
}
static inline char *ts_view_data(ref v, int64_t offset, int64_t width, const char *f, int l) {
  struct ts_view *x = (struct ts_view *)v;
  if (TS_UNLIKELY(offset < 0 || offset > x->byteLength - width)) ts_panic(TS_P_INDEX, f, l);
  return (char *)x->address + offset;
}
#define TS_UNALIGNED(type, p) (((struct __attribute__((packed)) { type v; } *)(p))->v)
static inline uint16_t ts_swap16(uint16_t v, bool little) { return little ? v : __builtin_bswap16(v); }
static inline uint32_t ts_swap32(uint32_t v, bool little) { return little ? v : __builtin_bswap32(v); }
static inline uint64_t ts_swap64(uint64_t v, bool little) { return little ? v : __builtin_bswap64(v); }
#ifndef TS_NO_FLOAT
static inline float ts_bits_f32(uint32_t v) { union { uint32_t u; float f; } x = { v }; return x.f; }
static inline double ts_bits_f64(uint64_t v) { union { uint64_t u; double f; } x = { v }; return x.f; }
static inline uint32_t ts_f32_bits(float v) { union { float f; uint32_t u; } x = { v }; return x.u; }
static inline uint64_t ts_f64_bits(double v) { union { double f; uint64_t u; } x = { v }; return x.u; }
/* ToInt32 of a double, for | 0 and the like. */
static inline int32_t ts_f64_int32(double d) {
  if (!(d > -9.2e18 && d < 9.2e18)) return 0;
  return (int32_t)(uint32_t)(int64_t)d;
}
static inline int64_t ts_f64_int(double d, const char *f, int l) {
  if (TS_UNLIKELY(!(d >= -9007199254740991.0 && d <= 9007199254740991.0))) ts_panic(TS_P_KIND, f, l);
  return (int64_t)d;
}
#endif
static inline int64_t ts_fit_u(uint64_t u, const char *f, int l) {
  if (TS_UNLIKELY(u > (uint64_t)TS_SAFE)) ts_panic(TS_P_OVERFLOW, f, l);
  return (int64_t)u;
}
static inline int64_t ts_view_length(ref v, int64_t width) { return ((struct ts_view *)v)->byteLength / width; }
static inline int64_t ts_view_offset(ref v) {
  struct ts_view *x = (struct ts_view *)v;
  return x->owner ? (int64_t)(x->address - (uint64_t)x->owner - 16) : 0;
}
ref ts_view_new(uint32_t cls, int64_t length, int64_t width, const char *f, int l);
ref ts_view_over(uint32_t cls, ref buffer, int64_t offset, int64_t length, int64_t width, const char *f, int l);
ref ts_view_buffer(ref v);
ref ts_viewAt(int64_t address, int64_t bytes);
ref ts_view_subarray(ref v, int64_t start, int64_t end, int64_t width, uint32_t cls, const char *f, int l);
ref ts_view_slice(ref v, int64_t start, int64_t end, int64_t width, uint32_t cls, const char *f, int l);
void ts_view_set(ref v, ref source, int64_t offset, int64_t width, const char *f, int l);
void ts_arr_set_len(ref a, int64_t length, const char *f, int l);
/* 32 bits of hash from 64 of value. */
static inline int64_t ts_hash_bits(uint64_t v) {
  v ^= v >> 33;
  v *= UINT64_C(0xff51afd7ed558ccd);
  v ^= v >> 33;
  v *= UINT64_C(0xc4ceb9fe1a85ec53);
  return (int64_t)(v >> 33);
}
static inline int64_t ts_hash_val(ref v) {
  if (ts_is_ptr(v) && v->cls >= 15 && v->cls <= 17) return ts_hash_bits(((struct ts_box *)v)->w.u);
  return ts_hash_bits((uint64_t)v);
}
static inline int64_t ts_clz32(uint32_t v) { return v ? __builtin_clz(v) : 32; }
static inline int64_t ts_str_unit(ref s, int64_t i, const char *f, int l) {
  struct ts_str *x = (struct ts_str *)s;
  if (TS_UNLIKELY((uint64_t)i >= x->length)) ts_panic(TS_P_INDEX, f, l);
  return x->cls == 1 ? ((uint8_t *)(x + 1))[i] : ((uint16_t *)(x + 1))[i];
}
static inline bool ts_isIntWord(ref v) { return ts_is_int(v); }
extern const struct ts_class ts_class_table[];
extern const uint64_t ts_root_table[];
extern const int64_t ts_class_count, ts_root_count;
static inline int64_t ts_classTable(void) { return (int64_t)ts_class_table; }
static inline int64_t ts_classCount(void) { return ts_class_count; }
static inline int64_t ts_rootTable(void) { return (int64_t)ts_root_table; }
static inline int64_t ts_rootCount(void) { return ts_root_count; }
#ifndef TS_NO_FLOAT
static inline bool ts_both_nan(ref a, ref b) {
  return ts_is_cls(a, 15, 15) && ts_is_cls(b, 15, 15) && ((struct ts_box *)a)->w.d != ((struct ts_box *)a)->w.d &&
         ((struct ts_box *)b)->w.d != ((struct ts_box *)b)->w.d;
}
static inline double ts_f64_min(double a, double b) { return a != a || b != b ? a + b : a < b || (a == b && __builtin_signbit(a)) ? a : b; }
static inline double ts_f64_max(double a, double b) { return a != a || b != b ? a + b : a > b || (a == b && !__builtin_signbit(a)) ? a : b; }
static inline double ts_f64_sqrt(double d) {
  double r;
  __asm__("sqrtsd %1, %0" : "=x"(r) : "x"(d));
  return r;
}
#else
static inline bool ts_both_nan(ref a, ref b) { return false; }
#endif
#include "intrinsics.h"
#endif
