/* The C behind the @intrinsic functions: one instruction or one builtin each, no logic. docs/internals/native-abi.md. */
#ifndef TESSERA_INTRINSICS_H
#define TESSERA_INTRINSICS_H

typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;

void *memcpy(void *restrict, const void *restrict, __SIZE_TYPE__);
void *memmove(void *, const void *, __SIZE_TYPE__);
void *memset(void *, int, __SIZE_TYPE__);
int memcmp(const void *, const void *, __SIZE_TYPE__);

#define TS_INLINE static inline __attribute__((always_inline, unused))

/* Addresses may be unaligned: a packed struct says so without costing anything on x86-64. */
struct ts_m16 { uint16_t v; } __attribute__((packed));
struct ts_m32 { uint32_t v; } __attribute__((packed));
struct ts_m64 { uint64_t v; } __attribute__((packed));

TS_INLINE int64_t ts_load8(int64_t a) { return *(uint8_t *)a; }
TS_INLINE int64_t ts_load16(int64_t a) { return ((struct ts_m16 *)a)->v; }
TS_INLINE int64_t ts_load32(int64_t a) { return ((struct ts_m32 *)a)->v; }
TS_INLINE uint64_t ts_load64(int64_t a) { return ((struct ts_m64 *)a)->v; }
TS_INLINE int64_t ts_loadInt(int64_t a) { return (int64_t)((struct ts_m64 *)a)->v; }
TS_INLINE void ts_store8(int64_t a, int64_t v) { *(uint8_t *)a = (uint8_t)v; }
TS_INLINE void ts_store16(int64_t a, int64_t v) { ((struct ts_m16 *)a)->v = (uint16_t)v; }
TS_INLINE void ts_store32(int64_t a, int64_t v) { ((struct ts_m32 *)a)->v = (uint32_t)v; }
TS_INLINE void ts_store64(int64_t a, uint64_t v) { ((struct ts_m64 *)a)->v = v; }
TS_INLINE void ts_storeInt(int64_t a, int64_t v) { ((struct ts_m64 *)a)->v = (uint64_t)v; }

TS_INLINE void ts_copy(int64_t d, int64_t s, int64_t n) { __builtin_memmove((void *)d, (void *)s, (uint64_t)n); }
TS_INLINE void ts_fill(int64_t d, int64_t v, int64_t n) { __builtin_memset((void *)d, (int)v, (uint64_t)n); }
TS_INLINE int64_t ts_compare(int64_t a, int64_t b, int64_t n) { return __builtin_memcmp((void *)a, (void *)b, (uint64_t)n); }

TS_INLINE int64_t ts_vload8(int64_t a) { return *(volatile uint8_t *)a; }
TS_INLINE int64_t ts_vload16(int64_t a) { return *(volatile uint16_t *)a; }
TS_INLINE int64_t ts_vload32(int64_t a) { return *(volatile uint32_t *)a; }
TS_INLINE uint64_t ts_vload64(int64_t a) { return *(volatile uint64_t *)a; }
TS_INLINE void ts_vstore8(int64_t a, int64_t v) { *(volatile uint8_t *)a = (uint8_t)v; }
TS_INLINE void ts_vstore16(int64_t a, int64_t v) { *(volatile uint16_t *)a = (uint16_t)v; }
TS_INLINE void ts_vstore32(int64_t a, int64_t v) { *(volatile uint32_t *)a = (uint32_t)v; }
TS_INLINE void ts_vstore64(int64_t a, uint64_t v) { *(volatile uint64_t *)a = v; }

TS_INLINE int64_t ts_atomicAdd32(int64_t a, int64_t v) { return __atomic_fetch_add((uint32_t *)a, (uint32_t)v, __ATOMIC_SEQ_CST); }
TS_INLINE int64_t ts_atomicExchange32(int64_t a, int64_t v) { return __atomic_exchange_n((uint32_t *)a, (uint32_t)v, __ATOMIC_SEQ_CST); }
TS_INLINE int64_t ts_atomicOr32(int64_t a, int64_t v) { return __atomic_fetch_or((uint32_t *)a, (uint32_t)v, __ATOMIC_SEQ_CST); }
TS_INLINE int64_t ts_atomicAnd32(int64_t a, int64_t v) { return __atomic_fetch_and((uint32_t *)a, (uint32_t)v, __ATOMIC_SEQ_CST); }
TS_INLINE int64_t ts_atomicCompareExchange32(int64_t a, int64_t e, int64_t v) {
  uint32_t old = (uint32_t)e;
  __atomic_compare_exchange_n((uint32_t *)a, &old, (uint32_t)v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return old;
}
TS_INLINE uint64_t ts_atomicAdd64(int64_t a, uint64_t v) { return __atomic_fetch_add((uint64_t *)a, v, __ATOMIC_SEQ_CST); }
TS_INLINE uint64_t ts_atomicExchange64(int64_t a, uint64_t v) { return __atomic_exchange_n((uint64_t *)a, v, __ATOMIC_SEQ_CST); }
TS_INLINE uint64_t ts_atomicOr64(int64_t a, uint64_t v) { return __atomic_fetch_or((uint64_t *)a, v, __ATOMIC_SEQ_CST); }
TS_INLINE uint64_t ts_atomicAnd64(int64_t a, uint64_t v) { return __atomic_fetch_and((uint64_t *)a, v, __ATOMIC_SEQ_CST); }
TS_INLINE uint64_t ts_atomicCompareExchange64(int64_t a, uint64_t e, uint64_t v) {
  __atomic_compare_exchange_n((uint64_t *)a, &e, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return e;
}
TS_INLINE void ts_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Objects: a reference is its address. A view keeps the address of its first byte in its third word. */
TS_INLINE int64_t ts_objectAddress(const void *o) { return (int64_t)o; }
TS_INLINE void *ts_objectAt(int64_t a) { return (void *)a; }
TS_INLINE int64_t ts_wordOf(const void *v) { return (int64_t)v; }
TS_INLINE int64_t ts_stringAddress(const void *s) { return (int64_t)s; }
TS_INLINE void *ts_stringAtAddress(int64_t a) { return (void *)a; }
TS_INLINE int64_t ts_addressOf(const void *view) { return *(int64_t *)((uint8_t *)view + 16); }

/* The flag that every compiled store of a reference tests. */
extern int64_t ts_gc_marking;
TS_INLINE void ts_publishMarking(int64_t v) { ts_gc_marking = v; }

/* Folds: code for Node falls away. */
TS_INLINE _Bool ts_isNative(void) { return 1; }

/* Wide multiplication: the high word; the low one is the ordinary product. */
TS_INLINE uint64_t ts_multiplyHigh(uint64_t a, uint64_t b) { return (uint64_t)(((unsigned __int128)a * b) >> 64); }
/* 2^53 checks are for values that a program sees; counters and hashes inside the runtime wrap as words do. */
#ifndef TS_NO_FLOAT
TS_INLINE uint64_t ts_f64Bits(double v) { uint64_t b; __builtin_memcpy(&b, &v, 8); return b; }
TS_INLINE double ts_f64FromBits(uint64_t b) { double v; __builtin_memcpy(&v, &b, 8); return v; }
#endif

#endif
