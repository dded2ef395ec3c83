/* The few bodies behind prelude.h that are not worth inlining. Everything that thinks is kernel TypeScript. */
#include "prelude.h"

struct ts_obj ts_null_cell = { 6, 0 };
int64_t ts_gc_marking;

int64_t ts_rt_allocate(int64_t cls, int64_t bytes);
void ts_rt_arrayGrow(int64_t array, int64_t capacity, int64_t storageClass);
bool ts_rt_stringEquals(ref a, ref b);
void ts_rt_panic(ref message);

static const char *const messages[] = {
  "number outside the safe integers", "index out of range", "division by zero", "undefined or null where a value is needed",
  "value does not fit its field", "value of another kind", "no such method", "unreachable code reached",
  "bigint outside 64 bits: wrap it in BigInt.asUintN or asIntN", "invalid length", "too many arguments for a closure",
  "uncaught exception", "value is not of the asserted class",
};

static struct { struct ts_str head; char text[240]; } panicText;
static bool panicking;

_Noreturn TS_COLD void ts_panic(int kind, const char *file, int line) {
  unsigned n = 0;
  for (const char *p = file; *p && n < 120; p++) panicText.text[n++] = *p;
  panicText.text[n++] = ':';
  char digits[12];
  int d = 0;
  do { digits[d++] = (char)('0' + line % 10); line /= 10; } while (line);
  while (d) panicText.text[n++] = digits[--d];
  panicText.text[n++] = ':';
  panicText.text[n++] = ' ';
  for (const char *p = messages[kind]; *p && n < 230; p++) panicText.text[n++] = *p;
  panicText.head.cls = 1;
  panicText.head.length = n;
  panicText.head.hash = 0;
  if (!panicking) {
    panicking = true;
    ts_rt_panic((ref)&panicText);
  }
  __builtin_trap();
}

ref ts_alloc(uint32_t cls, int64_t bytes) { return (ref)ts_rt_allocate(cls, bytes); }

/* Array headers have class 7..12 by element kind; only 12 holds references. */
static int64_t storageClass(uint32_t cls) { return cls == 12 ? 4 : 3; }

ref ts_arr_new(uint32_t cls, int64_t length, const char *file, int line) {
  if (length < 0 || length > (INT64_C(1) << 40)) ts_panic(TS_P_LENGTH, file, line);
  struct ts_arr *a = (struct ts_arr *)ts_alloc(cls, sizeof *a);
  if (length > 0) ts_rt_arrayGrow((int64_t)a, length, storageClass(cls));
  a->length = length;
  return (ref)a;
}

void ts_arr_room(struct ts_arr *a, int64_t capacity) {
  int64_t old = a->store ? a->store->capacity : 0;
  int64_t want = old < 4 ? 4 : old + (old >> 1);
  ts_rt_arrayGrow((int64_t)a, want < capacity ? capacity : want, storageClass(a->cls));
}

static ref boxWord(uint32_t cls, uint64_t word) {
  struct ts_box *b = (struct ts_box *)ts_alloc(cls, sizeof *b);
  b->w.u = word;
  return (ref)b;
}
ref ts_box_u64(uint64_t u) { return boxWord(16, u); }
ref ts_box_i64(int64_t i) { return boxWord(17, (uint64_t)i); }

bool ts_str_eq_slow(ref a, ref b) { return ts_rt_stringEquals(a, b); }

bool ts_val_eq(ref a, ref b) {
  if (a == b) {
#ifndef TS_NO_FLOAT
    if (ts_is_cls(a, 15, 15)) return ((struct ts_box *)a)->w.d == ((struct ts_box *)a)->w.d;
#endif
    return true;
  }
#ifndef TS_NO_FLOAT
  /* Only -0 is boxed among the doubles that equal an int. */
  if (ts_is_int(a) && ts_is_cls(b, 15, 15)) return (double)((int64_t)a >> 1) == ((struct ts_box *)b)->w.d;
  if (ts_is_int(b) && ts_is_cls(a, 15, 15)) return (double)((int64_t)b >> 1) == ((struct ts_box *)a)->w.d;
#endif
  if (!ts_is_ptr(a) || !ts_is_ptr(b)) return false;
  if (ts_is_str(a)) return ts_is_str(b) && ts_str_eq(a, b);
#ifndef TS_NO_FLOAT
  if (a->cls == 15) return b->cls == 15 && ((struct ts_box *)a)->w.d == ((struct ts_box *)b)->w.d;
#endif
  if (ts_is_big(a)) return ts_is_big(b) && ((struct ts_box *)a)->w.u == ((struct ts_box *)b)->w.u && (a->cls == b->cls || ((struct ts_box *)a)->w.i >= 0);
  return false;
}

bool ts_val_truthy(ref v) {
  if (ts_is_int(v)) return v != (ref)1;
  if (ts_is_bool(v)) return v == TS_TRUE;
  if (ts_nullish(v)) return false;
  if (ts_is_str(v)) return ts_str_len(v) != 0;
  if (ts_is_big(v)) return ((struct ts_box *)v)->w.u != 0;
#ifndef TS_NO_FLOAT
  if (v->cls == 15) { double d = ((struct ts_box *)v)->w.d; return d != 0 && d == d; }
#endif
  return true;
}

const char *ts_class_name(uint32_t cls) { return ts_class_table[cls].name; }

void ts_arr_set_len(ref a, int64_t length, const char *f, int l) {
  struct ts_arr *x = (struct ts_arr *)a;
  if (length < 0 || length > x->length) ts_panic(TS_P_LENGTH, f, l);
  /* Dropped references must not keep their objects alive. */
  if (ts_gc_marking != 0 && x->cls == 12)
    for (int64_t i = length; i < x->length; i++) ts_barrier((const ref *)(TS_STORAGE(x) + i * 8));
  __builtin_memset(TS_STORAGE(x) + length * 8, 0, (size_t)(x->length - length) * 8);
  x->length = length;
}

static ref viewOf(uint32_t cls, uint64_t address, int64_t bytes, ref owner) {
  struct ts_view *v = (struct ts_view *)ts_alloc(cls, sizeof *v);
  v->byteLength = bytes;
  v->address = address;
  v->owner = owner;
  return (ref)v;
}
ref ts_view_new(uint32_t cls, int64_t length, int64_t width, const char *f, int l) {
  if (length < 0 || length > (INT64_C(1) << 40)) ts_panic(TS_P_LENGTH, f, l);
  struct ts_store *s = (struct ts_store *)ts_alloc(5, 16 + length * width + 1);
  s->capacity = length * width;
  return viewOf(cls, (uint64_t)s + 16, length * width, (ref)s);
}
ref ts_view_over(uint32_t cls, ref buffer, int64_t offset, int64_t length, int64_t width, const char *f, int l) {
  struct ts_view *b = (struct ts_view *)buffer;
  if (length < 0) length = (b->byteLength - offset) / width;
  if (offset < 0 || offset % width != 0 || length < 0 || length > (b->byteLength - offset) / width) ts_panic(TS_P_LENGTH, f, l);
  return viewOf(cls, b->address + (uint64_t)offset, length * width, b->owner);
}
ref ts_view_buffer(ref v) {
  struct ts_view *x = (struct ts_view *)v;
  if (!x->owner) return viewOf(18, x->address, x->byteLength, 0);
  return viewOf(18, (uint64_t)x->owner + 16, ((struct ts_store *)x->owner)->capacity, x->owner);
}
/* A view of raw memory has no owner: nothing keeps the bytes alive but their own allocator. */
ref ts_viewAt(int64_t address, int64_t bytes) { return viewOf(21, (uint64_t)address, bytes, 0); }
static void clampRange(int64_t n, int64_t *start, int64_t *end) {
  *start = *start < 0 ? (*start + n < 0 ? 0 : *start + n) : *start > n ? n : *start;
  *end = *end < 0 ? (*end + n < 0 ? 0 : *end + n) : *end > n ? n : *end;
  if (*end < *start) *end = *start;
}
ref ts_view_subarray(ref v, int64_t start, int64_t end, int64_t width, uint32_t cls, const char *f, int l) {
  struct ts_view *x = (struct ts_view *)v;
  clampRange(x->byteLength / width, &start, &end);
  return viewOf(cls, x->address + (uint64_t)(start * width), (end - start) * width, x->owner);
}
ref ts_view_slice(ref v, int64_t start, int64_t end, int64_t width, uint32_t cls, const char *f, int l) {
  struct ts_view *x = (struct ts_view *)v;
  clampRange(x->byteLength / width, &start, &end);
  struct ts_view *r = (struct ts_view *)ts_view_new(cls, end - start, width, f, l);
  __builtin_memcpy((void *)r->address, (void *)(x->address + (uint64_t)(start * width)), (size_t)r->byteLength);
  return (ref)r;
}
void ts_view_set(ref v, ref source, int64_t offset, int64_t width, const char *f, int l) {
  struct ts_view *x = (struct ts_view *)v, *s = (struct ts_view *)source;
  if (s->cls != x->cls) ts_panic(TS_P_CAST, f, l);
  if (offset < 0 || s->byteLength > x->byteLength - offset * width) ts_panic(TS_P_LENGTH, f, l);
  __builtin_memmove((void *)(x->address + (uint64_t)(offset * width)), (void *)s->address, (size_t)s->byteLength);
}
