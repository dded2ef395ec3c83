// SPDX-License-Identifier: BSD-3-Clause
// Exercises packages/machine/native without the compiler: descriptor tables, faults, the timer, thread switches, a program's
// system calls with a live red zone, user accessors. Prints one line per check; "machine: ok" at the end.
#include "../../native/layout.h"
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned char u8;
extern void tessera_console_write(const void *, u64), tessera_write_msr(u64, u64), tessera_out8(u64, u64), tessera_out16(u64, u64);
extern void tessera_triple_fault(void), tessera_breakpoint(void), tessera_interrupts_on(void), tessera_wait_for_interrupt(void);
extern u64 tessera_interrupts_off(void), tessera_read_tsc(void), tessera_user_fixup(u64), tessera_user_copy(void *, const void *, u64);
extern u64 tessera_user_load32(u64), tessera_user_load64(u64), tessera_user_store32(u64, u64), tessera_cpu_load(u64);
extern u64 tessera_user_string_length(const char *, u64), tessera_user_compare_exchange32(u32 *, u64, u64), tessera_read_msr(u64);
extern u64 tessera_prepare_stack(u64, u64), tessera_cpuid(u64, u64, u64);
extern void tessera_switch(u64 *, u64, u64, u64), tessera_enter_program(u64, u64);
#define DIRECT (1UL << 46)

static void text(const char *s) { u64 n = 0; while (s[n]) n++; tessera_console_write(s, n); }
static void number(u64 v) { char b[20]; int i = 20; do b[--i] = '0' + v % 10; while (v /= 10); tessera_console_write(b + i, 20 - i); }
static void hex(u64 v) { char b[16]; for (int i = 0; i < 16; i++) b[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15]; tessera_console_write(b, 16); }
static int failures;
static void check(const char *what, int right) { text(right ? "ok " : "FAILED "); text(what); text("\n"); failures += !right; }

static volatile u64 traps[257], last_address, ticks;
static volatile u32 *lapic = (u32 *)(DIRECT + 0xfee00000);

void tessera_trap(u64 *f) {
  u64 v = f[FRAME_VECTOR / 8];
  traps[v]++;
  if (v == 3) return;
  if (v == 32) { ticks++; lapic[0xb0 / 4] = 0; return; }
  if (v == 14) {
    last_address = f[FRAME_CR2 / 8];
    u64 fix = tessera_user_fixup(f[FRAME_RIP / 8]);
    if (fix) { f[FRAME_RIP / 8] = fix; return; }
  }
  text("trap "); number(v); text(" rip "); hex(f[FRAME_RIP / 8]); text(" cr2 "); hex(f[FRAME_CR2 / 8]); text("\nmachine: failed\n");
  tessera_triple_fault();
}
void tessera_fatal_trap(u64 *w) { text("fatal trap "); number(w[0]); text(" rip "); hex(w[2]); text("\nmachine: overflow caught\n"); tessera_triple_fault(); }

static u8 stack_a[8192] __attribute__((aligned(16))), program_stack[8192] __attribute__((aligned(16)));
static u64 slot_main, slot_a, switches;
void tessera_thread_main(u64 argument) {
  for (;;) { switches += argument; tessera_switch(&slot_a, slot_main, tessera_cpu_load(CPU_STACK_TOP), tessera_cpu_load(CPU_STACK_BOTTOM)); }
}

// The program: outside kernel text (in .data), ring 0, its own stack and red zone; leaves by call 60.
static u64 program_calls, program_bad, frame_rsp, power_off_port;
static u8 program[4096] __attribute__((aligned(4096)));
static void finish(void);
void tessera_system_call(u64 *f) {
  u64 number_ = f[FRAME_ORIG_RAX / 8];
  if (number_ == 1) {
    program_calls++;
    frame_rsp = f[FRAME_RSP / 8];
    if (f[FRAME_RDI / 8] != 0x1111 || f[FRAME_R15 / 8] != 0x1515 || f[FRAME_CS / 8] != PROGRAM_CS) program_bad++;
    f[FRAME_RAX / 8] = 42;
    return;
  }
  if (number_ == 2) { f[FRAME_RCX / 8] = 0xcccc; f[FRAME_R11 / 8] = 0xbbbb; f[FRAME_FLAGS / 8] |= FRAME_CHANGED; f[FRAME_RAX / 8] = 7; return; }
  if (number_ == 60) {
    check("system calls keep registers and red zone under a running timer", f[FRAME_RDI / 8] == 0 && program_calls == 1000 && !program_bad);
    check("timer interrupted the program", f[FRAME_RSI / 8] == 1);
    finish();
  }
}
static u64 tsc_per_ms;
static void finish(void) {
  text(failures ? "machine: failed\n" : "machine: ok\n");
  if (power_off_port) tessera_out16(power_off_port, 0x2000);
  tessera_triple_fault();
}
extern u8 tessera_test_program[], tessera_test_program_end[];
volatile u64 *tick_word = (u64 *)&ticks;

void ts_start(u64 start_info) {
  text("start_info "); hex(start_info); text(" magic "); hex(*(u32 *)start_info); text("\n");
  check("PVH magic", *(u32 *)start_info == 0x336ec578);
  tessera_breakpoint();
  check("breakpoint returns", traps[3] == 1);
  check("user load of an unmapped page fails", tessera_user_load32(0x10) == ~0UL && traps[14] == 1 && last_address == 0x10);
  check("user store fails", tessera_user_store32(0x2000, 1) == 0);
  check("user load64 fails", tessera_user_load64(0x3000) == 0 && tessera_cpu_load(CPU_USER_FAULTED) == 1);
  u64 word = 5, copy = 0;
  check("user load64 works", tessera_user_load64((u64)&word) == 5 && tessera_cpu_load(CPU_USER_FAULTED) == 0);
  check("user copy works", tessera_user_copy(&copy, &word, 8) == 0 && copy == 5);
  check("user copy reports the rest", tessera_user_copy((void *)0x3ffd, &word, 13) == 13 && tessera_user_copy((void *)0x3ffd, &word, 5) == 5);
  check("user string", tessera_user_string_length("hello", 10) == 5 && tessera_user_string_length("hello", 5) == -2UL && tessera_user_string_length((char *)0x10, 5) == -1UL);
  u32 cell = 9;
  check("user compare exchange", tessera_user_compare_exchange32(&cell, 9, 11) == 9 && cell == 11 && tessera_user_compare_exchange32(&cell, 9, 12) == 11 && cell == 11);
  check("kernel text is read-only", tessera_user_store32((u64)ts_start, 0) == 0);

  // Timer: one shot at vector 32; the bus is 1 GHz in QEMU.
  tessera_write_msr(0x1b, tessera_read_msr(0x1b) | 0x800);
  tessera_out8(0x21, 0xff); tessera_out8(0xa1, 0xff);
  lapic[0xf0 / 4] = 0x1ff;
  lapic[0x3e0 / 4] = 0xb; // divide by 1
  lapic[0x320 / 4] = 0x10000;
  lapic[0x380 / 4] = 0xffffffff;
  u64 t0 = tessera_read_tsc();
  u32 c0 = lapic[0x390 / 4];
  while (c0 - lapic[0x390 / 4] < 2000000) ;
  tsc_per_ms = (tessera_read_tsc() - t0) / 2;
  text("tsc per bus millisecond "); number(tsc_per_ms); text("\n");
  lapic[0x320 / 4] = 32;
  for (int i = 0; i < 3; i++) { lapic[0x380 / 4] = 1000000; tessera_wait_for_interrupt(); }
  check("one-shot timer wakes hlt", ticks == 3);

  u64 a = tessera_prepare_stack((u64)stack_a + sizeof stack_a, 1);
  u64 top = tessera_cpu_load(CPU_STACK_TOP), bottom = tessera_cpu_load(CPU_STACK_BOTTOM);
  slot_a = a;
  for (int i = 0; i < 1000; i++) {
    tessera_switch(&slot_main, slot_a, (u64)stack_a + sizeof stack_a, (u64)stack_a);
    __asm__ volatile("mov %0, %%gs:8; mov %1, %%gs:16" ::"r"(top), "r"(bottom));
  }
  check("1000 switches to a thread and back", switches == 1000);

  // Power-off port from the FADT (q35, pc); microvm without ACPI is reset instead.
  u64 rsdp = *(u64 *)(start_info + 32);
  if (rsdp) {
    u8 *r = (u8 *)(DIRECT + rsdp);
    int wide = r[15] >= 2; // revision 2 has the table of 64-bit addresses
    u8 *list = (u8 *)(DIRECT + (wide ? *(u64 *)(r + 24) : *(u32 *)(r + 16)));
    for (u32 i = 36; i < *(u32 *)(list + 4); i += wide ? 8 : 4) {
      u8 *t = (u8 *)(DIRECT + (wide ? *(u64 *)(list + i) : *(u32 *)(list + i)));
      if (*(u32 *)t == 0x50434146) power_off_port = *(u32 *)(t + 64);
    }
  }
  text("power-off port "); number(power_off_port); text("\n");

  // The program runs from a page that the direct map makes executable: make the first 2 MiB of it so.
  u64 *top_table; __asm__("mov %%cr3, %0" : "=r"(top_table));
  u64 *pointers = (u64 *)(DIRECT + (((u64 *)(DIRECT + (u64)top_table))[128] & ~0xfffUL));
  u64 *directory = (u64 *)(DIRECT + (pointers[0] & ~0xfffUL));
  u64 physical = (u64)program - KERNEL_OFFSET;
  directory[physical >> 21] &= ~(1UL << 63);
  __asm__ volatile("mov %%cr3, %%rax; mov %%rax, %%cr3" ::: "rax", "memory");
  u8 *at = (u8 *)(DIRECT + physical);
  for (u64 i = 0; tessera_test_program + i < tessera_test_program_end; i++) at[i] = tessera_test_program[i];
  lapic[0x320 / 4] = 0x20020; // periodic
  lapic[0x380 / 4] = 100000;
#ifdef OVERFLOW
  extern void recurse(u64);
  recurse(1);
#endif
  tessera_enter_program((u64)at, (u64)program_stack + sizeof program_stack - 256);
}
#ifdef OVERFLOW
void recurse(u64 n) { volatile u64 b[32]; b[n & 31] = n; recurse(n + 1); b[0] = n; }
#endif
__asm__(
  ".section .rodata\n.globl tessera_test_program, tessera_test_program_end\ntessera_test_program:\n"
  "movq $0x5a5a, -8(%rsp)\nmovq $0xa5a5, -128(%rsp)\nmov $0x1515, %r15d\nmov $1000, %r14d\nxor %ebx, %ebx\nmov %rsp, %r13\n"
  "1: mov $1, %eax\nmov $0x1111, %edi\nmov $0x77, %r10d\nsyscall\n"
  "cmp $42, %rax\njne 8f\ncmp $0x1111, %rdi\njne 8f\ncmp $0x77, %r10\njne 8f\ncmpq $0x5a5a, -8(%rsp)\njne 8f\ncmpq $0xa5a5, -128(%rsp)\njne 8f\ncmp %rsp, %r13\njne 8f\n"
  "dec %r14d\njnz 1b\n"
  "mov $2, %eax\nsyscall\ncmp $0xcccc, %rcx\njne 8f\ncmp $0xbbbb, %r11\njne 8f\ncmp $7, %rax\njne 8f\n"
  // spin until the timer has interrupted twice more, checking the red zone all the while
  "mov $tick_word, %r8d\nmov (%r8), %r8\nmov (%r8), %r9\nadd $20, %r9\nmov $-1, %rdx\n"
  "2: movq $0x1234, -64(%rsp)\ncmpq $0x1234, -64(%rsp)\njne 8f\ncmpq $0x5a5a, -8(%rsp)\njne 8f\nmov (%r8), %rcx\ncmp %r9, %rcx\njb 2b\nmov $1, %esi\n"
  "jmp 9f\n8: inc %ebx\n9: mov %ebx, %edi\nmov $60, %eax\nsyscall\nud2\ntessera_test_program_end:\n.text\n");
