/* Doubles as values: in a unit of its own, because kernel units are built for general registers only. */
#include "prelude.h"
ref ts_box_f64(double d) {
  struct ts_box *b = (struct ts_box *)ts_alloc(15, sizeof *b);
  b->w.d = d;
  return (ref)b;
}
