/* SPDX-License-Identifier: BSD-3-Clause */
/* Single instructions and short sequences that C cannot express, in the System V calling convention: one 64-bit register per
 * parameter and result. src/cpu.unsafe.ts declares them. */
#include "layout.h"

#define COM1 0x3f8
#define FIFO_BYTES 16

  .text
  /* ports */
  .globl tessera_in8, tessera_in16, tessera_in32, tessera_out8, tessera_out16, tessera_out32
tessera_in8:
  mov %edi, %edx
  xor %eax, %eax
  in %dx, %al
  ret
tessera_in16:
  mov %edi, %edx
  xor %eax, %eax
  in %dx, %ax
  ret
tessera_in32:
  mov %edi, %edx
  in %dx, %eax
  ret
tessera_out8:
  mov %edi, %edx
  mov %esi, %eax
  out %al, %dx
  ret
tessera_out16:
  mov %edi, %edx
  mov %esi, %eax
  out %ax, %dx
  ret
tessera_out32:
  mov %edi, %edx
  mov %esi, %eax
  out %eax, %dx
  ret

  /* Calls of the hypervisor (Xen's convention: number in eax, arguments in rdi, rsi, rdx), AMD's instruction and Intel's. */
  .globl tessera_vmmcall, tessera_vmcall
tessera_vmmcall:
  mov %edi, %eax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  vmmcall
  ret
tessera_vmcall:
  mov %edi, %eax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  vmcall
  ret

  /* model-specific and control registers */
  .globl tessera_read_msr, tessera_write_msr, tessera_read_cr2, tessera_read_cr3, tessera_write_cr3, tessera_read_cr4
  .globl tessera_write_cr4, tessera_invalidate_page, tessera_write_xcr0
tessera_read_msr:
  mov %edi, %ecx
  rdmsr
  shl $32, %rdx
  or %rdx, %rax
  ret
tessera_write_msr:
  mov %edi, %ecx
  mov %esi, %eax
  mov %rsi, %rdx
  shr $32, %rdx
  wrmsr
  ret
tessera_read_cr2:
  mov %cr2, %rax
  ret
tessera_read_cr3:
  mov %cr3, %rax
  ret
tessera_write_cr3:
  mov %rdi, %cr3
  ret
tessera_read_cr4:
  mov %cr4, %rax
  ret
tessera_write_cr4:
  mov %rdi, %cr4
  ret
tessera_invalidate_page:
  invlpg (%rdi)
  ret
tessera_write_xcr0:
  xor %ecx, %ecx
  mov %edi, %eax
  xor %edx, %edx
  xsetbv
  ret

  /* cpuid(leaf, subleaf, 0 eax | 1 ebx | 2 ecx | 3 edx) */
  .globl tessera_cpuid, tessera_read_tsc
tessera_cpuid:
  push %rbx
  mov %rdx, %r8
  mov %edi, %eax
  mov %esi, %ecx
  cpuid
  cmp $1, %r8
  jb 1f
  mov %ebx, %eax
  je 1f
  mov %ecx, %eax
  cmp $3, %r8
  jb 1f
  mov %edx, %eax
1:mov %eax, %eax
  pop %rbx
  ret
tessera_read_tsc:
  rdtsc
  shl $32, %rdx
  or %rdx, %rax
  ret

  /* interrupts: off() tells whether they were on; wait() sleeps until the next one and leaves them off */
  .globl tessera_interrupts_off, tessera_interrupts_on, tessera_wait_for_interrupt, tessera_pause, tessera_breakpoint
tessera_interrupts_off:
  pushfq
  pop %rax
  shr $9, %eax
  and $1, %eax
  cli
  ret
tessera_interrupts_on:
  sti
  ret
tessera_wait_for_interrupt:
  sti
  hlt
  cli
  ret
tessera_pause:
  pause
  ret
tessera_breakpoint:
  int3
  ret

  /* per-CPU words and where things are */
  .globl tessera_cpu_load, tessera_cpu_store, tessera_stack_pointer, tessera_frame_pointer, tessera_image_start
  .globl tessera_image_limit, tessera_text_limit, tessera_page_table_root, tessera_boot_stack_bottom, tessera_boot_stack_top
tessera_cpu_load:
  mov %gs:(%rdi), %rax
  ret
tessera_cpu_store:
  mov %rsi, %gs:(%rdi)
  ret
tessera_running_stack_top:
  mov %gs:CPU_STACK_TOP, %rax
  ret
tessera_stack_pointer:
  lea 8(%rsp), %rax
  ret
tessera_frame_pointer:
  mov %rbp, %rax
  ret
tessera_image_start:
  mov $tessera_text_start, %eax
  ret
tessera_text_limit:
  mov $tessera_text_end, %eax
  ret
tessera_image_limit:
  mov $tessera_image_end, %eax
  ret
tessera_page_table_root:
  mov $tessera_top_table - KERNEL_OFFSET, %eax
  ret
tessera_boot_stack_bottom:
  mov $boot_stack, %eax
  ret
tessera_boot_stack_top:
  mov $boot_stack_end, %eax
  ret

  /* FPU state: XSAVE once src/fpu.ts has switched it on (mask in tessera_xsave_mask), FXSAVE before */
  .globl tessera_fpu_save, tessera_fpu_restore, tessera_fpu_reset, tessera_fpu_mask
tessera_fpu_save:
  mov xsave_mask, %eax
  xor %edx, %edx
  test %eax, %eax
  jz 1f
  xsave64 (%rdi)
  ret
1:fxsave64 (%rdi)
  ret
tessera_fpu_restore:
  mov xsave_mask, %eax
  xor %edx, %edx
  test %eax, %eax
  jz 1f
  xrstor64 (%rdi)
  ret
1:fxrstor64 (%rdi)
  ret
tessera_fpu_reset:
  fninit
  ldmxcsr initial_mxcsr
  ret
tessera_fpu_mask:
  mov %edi, xsave_mask
  ret

  /* The program's memory. A fault here that the kernel cannot resolve continues at the fix-up of the range (user_ranges). */
  .globl tessera_user_copy, tessera_user_fill, tessera_user_load8, tessera_user_load16, tessera_user_load32
  .globl tessera_user_load64, tessera_user_store8, tessera_user_store16, tessera_user_store32, tessera_user_store64
  .globl tessera_user_compare_exchange32, tessera_user_string_length, tessera_user_fixup
tessera_user_copy: /* (destination, source, bytes): bytes left */
  mov %rdx, %rcx
  shr $3, %rcx
  and $7, %edx
user_copy_words:
  rep movsq
  mov %edx, %ecx
user_copy_bytes:
  rep movsb
user_copy_end:
  mov %rcx, %rax
  ret
user_copy_words_fixup:
  lea (%rdx, %rcx, 8), %rax
  ret
tessera_user_fill: /* (address, byte, bytes): bytes left */
  movzbl %sil, %eax
  mov $0x0101010101010101, %rcx
  imul %rcx, %rax
  mov %rdx, %rcx
  shr $3, %rcx
  and $7, %edx
user_fill_words:
  rep stosq
  mov %edx, %ecx
user_fill_bytes:
  rep stosb
user_fill_end:
  mov %rcx, %rax
  ret
user_loads:
tessera_user_load8:
  movzbl (%rdi), %eax
  ret
tessera_user_load16:
  movzwl (%rdi), %eax
  ret
tessera_user_load32:
  mov (%rdi), %eax
  ret
tessera_user_compare_exchange32: /* (address, expected, replacement): old value or -1 */
  mov %esi, %eax
  lock cmpxchg %edx, (%rdi)
  mov %eax, %eax
  ret
tessera_user_string_length: /* (address, limit): length, -1 fault, -2 too long */
  mov %rdi, %rdx
1:cmpb $0, (%rdi)
  je 2f
  inc %rdi
  dec %rsi
  jnz 1b
  mov $-2, %rax
  ret
2:mov %rdi, %rax
  sub %rdx, %rax
  ret
user_loads_end:
  mov $-1, %rax
  ret
user_stores:
tessera_user_store8:
  mov %sil, (%rdi)
  mov $1, %eax
  ret
tessera_user_store16:
  mov %si, (%rdi)
  mov $1, %eax
  ret
tessera_user_store32:
  mov %esi, (%rdi)
  mov $1, %eax
  ret
tessera_user_store64:
  mov %rsi, (%rdi)
  mov $1, %eax
  ret
user_stores_end:
  xor %eax, %eax
  ret
tessera_user_load64:
  movq $0, %gs:CPU_USER_FAULTED
user_load64:
  mov (%rdi), %rax
user_load64_end:
  ret
user_load64_fixup:
  movq $1, %gs:CPU_USER_FAULTED
  xor %eax, %eax
  ret
tessera_user_fixup: /* (rip): where to go on, or 0 when rip is in no accessor */
  mov $user_ranges, %edx
1:mov (%rdx), %eax
  test %eax, %eax
  jz 2f
  cmp %rax, %rdi
  jb 3f
  mov 4(%rdx), %eax
  cmp %rax, %rdi
  jae 3f
  mov 8(%rdx), %eax
  ret
3:add $12, %edx
  jmp 1b
2:ret

  .section .rodata, "a"
  .align 4
user_ranges:
  .long user_copy_words, user_copy_bytes, user_copy_words_fixup
  .long user_copy_bytes, user_copy_end, user_copy_end
  .long user_fill_words, user_fill_bytes, user_copy_words_fixup
  .long user_fill_bytes, user_fill_end, user_fill_end
  .long user_loads, user_loads_end, user_loads_end
  .long user_stores, user_stores_end, user_stores_end
  .long user_load64, user_load64_end, user_load64_fixup
  .long 0

  .text
  /* console and the end */
  .globl tessera_console_start, tessera_console_write, tessera_console_read, tessera_panic, tessera_triple_fault
  .globl tessera_power_off, tessera_running_stack_top
tessera_console_start: /* 115200 8N1, FIFO on, DTR RTS OUT2 */
  mov $console_setup, %esi
  mov $7, %ecx
1:xor %edx, %edx
  mov (%rsi), %dl
  add $COM1, %edx
  mov 1(%rsi), %al
  out %al, %dx
  add $2, %esi
  loop 1b
  ret
tessera_console_write: /* (address, bytes): an empty transmitter takes FIFO_BYTES at once */
  mov %rsi, %r8
  mov %rdi, %rsi
1:test %r8, %r8
  jz 3f
  mov $COM1 + 5, %edx
2:in %dx, %al
  test $0x20, %al
  jz 2b
  mov $FIFO_BYTES, %ecx
  cmp %rcx, %r8
  cmovb %r8, %rcx
  sub %rcx, %r8
  mov $COM1, %edx
  rep outsb
  jmp 1b
3:ret
tessera_console_read: /* a byte or -1 */
  mov $COM1 + 5, %edx
  in %dx, %al
  test $1, %al
  mov $-1, %rax
  jz 1f
  mov $COM1, %edx
  xor %eax, %eax
  in %dx, %al
1:ret
tessera_panic: /* the message is out: stop. Until src/power.ts knows better, by a reset. */
tessera_power_off:
  cli
tessera_triple_fault: /* resets the machine; with QEMU's -no-reboot, ends it */
  lidt no_table
  int3
  jmp tessera_triple_fault

  .section .rodata, "a"
console_setup: .byte 3, 0x80, 0, 1, 1, 0, 3, 3, 2, 0xc7, 4, 0x0b, 1, 0
  .align 8
no_table: .quad 0, 0

  .bss
  .align 4
xsave_mask: .skip 4
