/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that the assembly, the linker script and src/layout.ts share. A test compares this file with src/layout.ts. */
#define KERNEL_OFFSET 0x70000000 /* kernel virtual address = physical address + KERNEL_OFFSET */
#define KERNEL_PHYSICAL 0x100000
#define KERNEL_TABLES 4 /* page tables of the kernel image: 2 MiB each */
#define DIRECT_MAP_SLOT 128 /* entry of the top page table: 2^46 */
#define HEAP_SLOT 192 /* 0x600000000000 */
#define HEAP_FIRST_BYTES 0x200000 /* one page table */
#define HEAP_WINDOW_BYTES 0x4000000

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x18
#define PROGRAM_CS 0x33 /* what frames of the program show, as on Linux */
#define PROGRAM_SS 0x2b

/* Per-CPU block at %gs. */
#define CPU_SELF 0
#define CPU_STACK_TOP 8
#define CPU_STACK_BOTTOM 16
#define CPU_PROGRAM_RSP 24
#define CPU_USER_FAULTED 32
#define CPU_SAFEPOINT 40
#define CPU_THREAD 48
#define CPU_NMI_COUNT 56
#define CPU_BYTES 128

/* A frame: Linux's pt_regs order, then vector, fault address and flags. */
#define FRAME_R15 0
#define FRAME_R14 8
#define FRAME_R13 16
#define FRAME_R12 24
#define FRAME_RBP 32
#define FRAME_RBX 40
#define FRAME_R11 48
#define FRAME_R10 56
#define FRAME_R9 64
#define FRAME_R8 72
#define FRAME_RAX 80
#define FRAME_RCX 88
#define FRAME_RDX 96
#define FRAME_RSI 104
#define FRAME_RDI 112
#define FRAME_ORIG_RAX 120
#define FRAME_RIP 128
#define FRAME_CS 136
#define FRAME_RFLAGS 144
#define FRAME_RSP 152
#define FRAME_SS 160
#define FRAME_VECTOR 168
#define FRAME_CR2 176
#define FRAME_FLAGS 184
#define FRAME_BYTES 192
#define FRAME_FROM_PROGRAM 1
#define FRAME_CHANGED 2
#define VECTOR_SYSTEM_CALL 256

#define RFLAGS_INTERRUPTS 0x200
/* What a program may have set: carry, parity, adjust, zero, sign, direction, overflow; plus trap for debuggers. */
#define RFLAGS_PROGRAM 0xdd5
#define KERNEL_STACK_MARGIN 1024
