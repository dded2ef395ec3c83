/* SPDX-License-Identifier: BSD-3-Clause */
/* Into the kernel and back: exceptions, interrupts, `syscall`.
 *
 * The program runs in ring 0 on its own stack with a live red zone, so nothing may be pushed there: every gate names an
 * interrupt stack (IST). The common stub copies the processor's frame and all registers to the place where the kernel goes on
 * (top of the thread's kernel stack when the program was interrupted, below RSP when the kernel was) and leaves the interrupt
 * stack before anything can fault, block or enable interrupts. Whether the program was interrupted is decided by RIP: outside
 * kernel text. `syscall` does not switch stacks in ring 0; interrupts are off (SFMASK) until the stub has.
 *
 * The way back from a system call is popf with interrupts off, RSP, `sti`, jump: `sti` holds interrupts off for one more
 * instruction, so only an NMI can fall between, and that has its own stack and returns to the same place.
 */
#include "layout.h"

#define LOAD_REGISTERS_BUT_RAX \
  mov FRAME_R15(%rsp), %r15; mov FRAME_R14(%rsp), %r14; mov FRAME_R13(%rsp), %r13; mov FRAME_R12(%rsp), %r12; \
  mov FRAME_RBP(%rsp), %rbp; mov FRAME_RBX(%rsp), %rbx; mov FRAME_R11(%rsp), %r11; mov FRAME_R10(%rsp), %r10; \
  mov FRAME_R9(%rsp), %r9; mov FRAME_R8(%rsp), %r8; mov FRAME_RCX(%rsp), %rcx; mov FRAME_RDX(%rsp), %rdx; \
  mov FRAME_RSI(%rsp), %rsi; mov FRAME_RDI(%rsp), %rdi

  .section .text.traps, "ax"
  .align 16
  .globl tessera_trap_stubs
tessera_trap_stubs:
  .set vector, 0
  .rept 256
  .align 16
  .if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
  .else
  pushq $0
  .endif
  pushq $vector
  .if vector == 2
  jmp nmi
  .elseif (vector == 8) || (vector == 18)
  jmp fatal_on_this_stack
  .else
  jmp trap
  .endif
  .set vector, vector + 1
  .endr

  .align 16
trap:
  /* 0 rdx, 8 rcx, 16 rax, 24 vector, 32 error, 40 rip, 48 cs, 56 rflags, 64 rsp, 72 ss */
  cld
  push %rax
  push %rcx
  push %rdx
  mov 40(%rsp), %rax
  sub $tessera_text_start, %rax
  cmp $tessera_text_bytes, %rax
  jb 1f
  mov %gs:CPU_STACK_TOP, %rcx
  mov $FRAME_FROM_PROGRAM, %edx
  jmp 2f
1:mov 64(%rsp), %rcx
  and $-16, %rcx
  lea -KERNEL_STACK_MARGIN(%rcx), %rax
  cmp %gs:CPU_STACK_BOTTOM, %rax
  jb kernel_stack_overflow
  cmp %gs:CPU_STACK_TOP, %rcx
  ja kernel_stack_overflow
  xor %edx, %edx
2:sub $FRAME_BYTES, %rcx
  mov %rdx, FRAME_FLAGS(%rcx)
  mov (%rsp), %rax
  mov %rax, FRAME_RDX(%rcx)
  mov 8(%rsp), %rax
  mov %rax, FRAME_RCX(%rcx)
  mov 16(%rsp), %rax
  mov %rax, FRAME_RAX(%rcx)
  mov 24(%rsp), %rax
  mov %rax, FRAME_VECTOR(%rcx)
  mov 32(%rsp), %rax
  mov %rax, FRAME_ORIG_RAX(%rcx)
  mov 40(%rsp), %rax
  mov %rax, FRAME_RIP(%rcx)
  mov 56(%rsp), %rax
  mov %rax, FRAME_RFLAGS(%rcx)
  mov 64(%rsp), %rax
  mov %rax, FRAME_RSP(%rcx)
  mov 48(%rsp), %rax
  mov 72(%rsp), %rsp /* spent as a register for ss; the interrupt stack is not needed any more */
  test %edx, %edx
  jz 3f
  mov $PROGRAM_CS, %eax
  mov $PROGRAM_SS, %esp
3:mov %rax, FRAME_CS(%rcx)
  mov %rsp, FRAME_SS(%rcx)
  mov %rcx, %rsp
  mov %rdi, FRAME_RDI(%rsp)
  mov %rsi, FRAME_RSI(%rsp)
  mov %r8, FRAME_R8(%rsp)
  mov %r9, FRAME_R9(%rsp)
  mov %r10, FRAME_R10(%rsp)
  mov %r11, FRAME_R11(%rsp)
  mov %rbx, FRAME_RBX(%rsp)
  mov %rbp, FRAME_RBP(%rsp)
  mov %r12, FRAME_R12(%rsp)
  mov %r13, FRAME_R13(%rsp)
  mov %r14, FRAME_R14(%rsp)
  mov %r15, FRAME_R15(%rsp)
  mov %cr2, %rax
  mov %rax, FRAME_CR2(%rsp)
  test %edx, %edx
  jz 4f
  xor %ebp, %ebp /* backtraces end here */
4:mov %rsp, %rdi
  call tessera_trap

  /* Back to where the frame says, every register loaded. */
  .globl trap_return
trap_return:
  cli
  testb $FRAME_FROM_PROGRAM, FRAME_FLAGS(%rsp)
  jz 5f
  movq $SELECTOR_CODE, FRAME_CS(%rsp)
  movq $SELECTOR_DATA, FRAME_SS(%rsp)
  andq $RFLAGS_PROGRAM, FRAME_RFLAGS(%rsp)
  orq $RFLAGS_INTERRUPTS, FRAME_RFLAGS(%rsp)
5:LOAD_REGISTERS_BUT_RAX
  mov FRAME_RAX(%rsp), %rax
  add $FRAME_RIP, %rsp
  iretq

  .align 16
  .globl tessera_system_call_entry
tessera_system_call_entry:
  mov %rsp, %gs:CPU_PROGRAM_RSP
  mov %gs:CPU_STACK_TOP, %rsp
  sub $FRAME_BYTES, %rsp
  mov %rcx, FRAME_RIP(%rsp)
  mov %r11, FRAME_RFLAGS(%rsp)
  mov %rcx, FRAME_RCX(%rsp)
  mov %r11, FRAME_R11(%rsp)
  mov %gs:CPU_PROGRAM_RSP, %rcx
  mov %rcx, FRAME_RSP(%rsp)
  movq $PROGRAM_CS, FRAME_CS(%rsp)
  movq $PROGRAM_SS, FRAME_SS(%rsp)
  mov %rax, FRAME_ORIG_RAX(%rsp)
  movq $-38, FRAME_RAX(%rsp)
  mov %rdx, FRAME_RDX(%rsp)
  mov %rsi, FRAME_RSI(%rsp)
  mov %rdi, FRAME_RDI(%rsp)
  mov %r8, FRAME_R8(%rsp)
  mov %r9, FRAME_R9(%rsp)
  mov %r10, FRAME_R10(%rsp)
  mov %rbx, FRAME_RBX(%rsp)
  mov %rbp, FRAME_RBP(%rsp)
  mov %r12, FRAME_R12(%rsp)
  mov %r13, FRAME_R13(%rsp)
  mov %r14, FRAME_R14(%rsp)
  mov %r15, FRAME_R15(%rsp)
  movq $VECTOR_SYSTEM_CALL, FRAME_VECTOR(%rsp)
  movq $FRAME_FROM_PROGRAM, FRAME_FLAGS(%rsp)
  xor %ebp, %ebp
  mov %rsp, %rdi
  sti
  call tessera_system_call
  cli
  testb $FRAME_CHANGED, FRAME_FLAGS(%rsp)
  jnz trap_return
  mov FRAME_RAX(%rsp), %rax
  mov FRAME_RDX(%rsp), %rdx
  mov FRAME_RSI(%rsp), %rsi
  mov FRAME_RDI(%rsp), %rdi
  mov FRAME_R8(%rsp), %r8
  mov FRAME_R9(%rsp), %r9
  mov FRAME_R10(%rsp), %r10
  mov FRAME_RBP(%rsp), %rbp /* rbx and r12 to r15 are as they were: the callee keeps them */
  mov FRAME_RIP(%rsp), %rcx
  mov FRAME_RFLAGS(%rsp), %r11
  and $RFLAGS_PROGRAM, %r11
  push %r11
  popfq
  mov FRAME_RSP(%rsp), %rsp
  sti
  jmp *%rcx

nmi:
  incq %gs:CPU_NMI_COUNT
  add $16, %rsp
  iretq

  /* A kernel stack is full or RSP is wild: nothing can be copied there, so the report is made on this interrupt stack. */
kernel_stack_overflow:
  pop %rdx
  pop %rcx
  pop %rax
fatal_on_this_stack:
  cld
  mov %rsp, %rdi /* vector, error, rip, cs, rflags, rsp, ss */
  and $-16, %rsp
  call tessera_fatal_trap
  jmp tessera_triple_fault

  /* thread stacks */
  .text
  /* switch(address of the slot for the old RSP, new RSP, top and bottom of the new stack): interrupts off. */
  .globl tessera_switch
tessera_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  mov %rdx, %gs:CPU_STACK_TOP
  mov %rcx, %gs:CPU_STACK_BOTTOM
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret

  /* prepare(top, argument): RSP of a stack whose first switch calls tessera_thread_main(argument). */
  .globl tessera_prepare_stack
tessera_prepare_stack:
  lea -56(%rdi), %rax
  movq $thread_start, 48(%rax)
  movq $0, 40(%rax) /* rbp: end of backtraces */
  movq $0, 32(%rax)
  mov %rsi, 24(%rax) /* r12 */
  movq $0, 16(%rax)
  movq $0, 8(%rax)
  movq $0, (%rax)
  ret
thread_start:
  mov %r12, %rdi
  sti
  call tessera_thread_main
  ud2

  /* enter(rip, rsp): the program starts with all registers 0. */
  .globl tessera_enter_program
tessera_enter_program:
  cli
  mov %rdi, %rdx
  mov %gs:CPU_STACK_TOP, %rsp
  sub $FRAME_BYTES, %rsp
  mov %rsp, %rdi
  xor %eax, %eax
  mov $FRAME_BYTES / 8, %ecx
  rep stosq
  mov %rdx, FRAME_RIP(%rsp)
  mov %rsi, FRAME_RSP(%rsp)
  movq $FRAME_FROM_PROGRAM, FRAME_FLAGS(%rsp)
  fninit
  ldmxcsr initial_mxcsr
  jmp trap_return

  /* resume(frame): the program goes on with the registers of the frame. */
  .globl tessera_resume_program
tessera_resume_program:
  cli
  mov %rdi, %rsi
  mov %gs:CPU_STACK_TOP, %rdi
  sub $FRAME_BYTES, %rdi
  mov %rdi, %rax
  mov $FRAME_BYTES / 8, %ecx
  rep movsq
  mov %rax, %rsp
  movq $FRAME_FROM_PROGRAM, FRAME_FLAGS(%rsp)
  jmp trap_return
