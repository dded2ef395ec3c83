/* Compares memory.S with byte loops over every small size, alignment and overlap; prints "ok" or the first difference. */
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>

void *test_memmove(void *, const void *, size_t);
void *test_memcpy(void *, const void *, size_t);
void *test_memset(void *, int, size_t);
int test_memcmp(const void *, const void *, size_t);

static uint8_t mine[4096], model[4096];
static uint32_t state = 1;
static uint32_t next(void) { return state = state * 1664525u + 1013904223u, state >> 8; }

static void reset(void) {
  for (int i = 0; i < 4096; i++) mine[i] = model[i] = (uint8_t)next();
}

static int same(const char *what, unsigned a, unsigned b, unsigned n) {
  for (int i = 0; i < 4096; i++)
    if (mine[i] != model[i]) return printf("%s(%u, %u, %u) differs at %d\n", what, a, b, n, i), 0;
  return 1;
}

int main(void) {
  for (int round = 0; round < 60000; round++) {
    unsigned n = round % 3 == 0 ? next() % 20 : round % 3 == 1 ? next() % 300 : next() % 1500;
    unsigned to = next() % 1600, from = round % 2 ? to + next() % 40 : next() % 1600;
    if (round % 64 == 0) reset();
    if (test_memmove(mine + to, mine + from, n) != mine + to) return puts("memmove's result"), 1;
    if (to <= from) for (unsigned i = 0; i < n; i++) model[to + i] = model[from + i];
    else for (unsigned i = n; i-- > 0;) model[to + i] = model[from + i];
    if (!same("memmove", to, from, n)) return 1;
    if (test_memcpy(mine + 2048 + to % 500, mine + from % 500, n) != mine + 2048 + to % 500) return puts("memcpy's result"), 1;
    for (unsigned i = 0; i < n; i++) model[2048 + to % 500 + i] = model[from % 500 + i];
    if (!same("memcpy", to, from, n)) return 1;
    uint8_t byte = (uint8_t)next();
    if (round % 5 == 0) {
      if (test_memset(mine + to, byte | 0xabcd00, n) != mine + to) return puts("memset's result"), 1;
      for (unsigned i = 0; i < n; i++) model[to + i] = byte;
      if (!same("memset", to, byte, n)) return 1;
    }
    for (unsigned i = 0; i < n; i++) mine[2048 + i] = model[2048 + i] = model[to + i];
    if (n > 0 && round % 4) {
      unsigned at = next() % n;
      mine[2048 + at] = model[2048 + at] = (uint8_t)next();
    }
    int expected = 0;
    for (unsigned i = 0; i < n && expected == 0; i++) expected = (int)model[to + i] - (int)model[2048 + i];
    int got = test_memcmp(mine + to, mine + 2048, n);
    if (to + n <= 2048 && ((got > 0) != (expected > 0) || (got < 0) != (expected < 0)))
      return printf("memcmp of %u bytes: %d, not %d\n", n, got, expected), 1;
  }
  puts("ok");
  return 0;
}
