/* SPDX-License-Identifier: BSD-3-Clause */
/* From the hypervisor's PVH entry to the first line of TypeScript.
 *
 * PVH (Xen's direct boot, also QEMU's -kernel, Firecracker, Cloud Hypervisor) enters in 32-bit protected mode without paging,
 * %ebx = physical address of hvm_start_info. This file builds the page tables, enters long mode, jumps to the address that the
 * kernel is linked at, fills the descriptor tables and calls ts_start(address of hvm_start_info in the direct map).
 *
 * Page tables: [0, 1 GiB) identity while switching only; the kernel image in 4 KiB pages (text read-only, the rest not
 * executable); the first 4 GiB of physical memory at 2^46 in 2 MiB pages, the last GiB uncached because devices live there;
 * the heap's window, backed at first by a part of .bss.
 */
#include "layout.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_OFFSET)
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SFMASK 0xc0000084
#define MSR_GS_BASE 0xc0000101

  .section .note.Xen, "a", @note
  .align 4
  .long 4, 4, 18 /* name bytes, value bytes, XEN_ELFNOTE_PHYS32_ENTRY */
  .asciz "Xen"
  .long tessera_pvh_entry

  .section .boot, "ax"
  .code32
  .globl tessera_pvh_entry
tessera_pvh_entry:
  cli
  cld
  mov %ebx, %ebp
  mov $PHYSICAL(boot_stack_end), %esp

  /* The kernel image, page by page. */
  mov $KERNEL_PHYSICAL, %eax
1:mov %eax, %edi
  shr $9, %edi /* 8 bytes for each 4 KiB page */
  mov %eax, %ecx
  or $1, %ecx
  xor %edx, %edx
  cmp $PHYSICAL(tessera_text_end), %eax
  jb 3f
  mov $0x80000000, %edx /* not executable */
  cmp $PHYSICAL(tessera_rodata_end), %eax
  jb 3f
  or $2, %ecx /* writable */
3:mov %ecx, PHYSICAL(kernel_tables)(%edi)
  mov %edx, PHYSICAL(kernel_tables) + 4(%edi)
  add $0x1000, %eax
  cmp $PHYSICAL(tessera_image_end), %eax
  jb 1b

  /* Directory of [1 GiB, 2 GiB): the kernel's page tables. */
  mov $PHYSICAL(kernel_tables) + 3, %eax
  mov $PHYSICAL(kernel_directory) + ((KERNEL_OFFSET - 0x40000000) >> 21) * 8, %edi
  mov $KERNEL_TABLES, %ecx
1:mov %eax, (%edi)
  add $0x1000, %eax
  add $8, %edi
  loop 1b

  /* Direct map: 2048 pages of 2 MiB. */
  mov $PHYSICAL(direct_directories), %edi
  mov $0x83, %eax
  mov $2048, %ecx
1:cmp $0xc0000000, %eax
  jb 2f
  or $0x18, %eax /* uncached */
2:mov %eax, (%edi)
  movl $0x80000000, 4(%edi)
  add $0x200000, %eax
  add $8, %edi
  loop 1b

  /* The first part of the heap's window. */
  mov $PHYSICAL(first_heap) + 3, %eax
  mov $PHYSICAL(heap_table), %edi
  mov $HEAP_FIRST_BYTES / 4096, %ecx
1:mov %eax, (%edi)
  movl $0x80000000, 4(%edi)
  add $0x1000, %eax
  add $8, %edi
  loop 1b

  movl $PHYSICAL(low_pointers) + 3, PHYSICAL(tessera_top_table)
  movl $PHYSICAL(direct_pointers) + 3, PHYSICAL(tessera_top_table) + DIRECT_MAP_SLOT * 8
  movl $PHYSICAL(identity_directory) + 3, PHYSICAL(low_pointers)
  movl $PHYSICAL(kernel_directory) + 3, PHYSICAL(low_pointers) + 8
  movl $PHYSICAL(direct_directories) + 3, PHYSICAL(direct_pointers)
  movl $PHYSICAL(direct_directories) + 0x1003, PHYSICAL(direct_pointers) + 8
  movl $PHYSICAL(direct_directories) + 0x2003, PHYSICAL(direct_pointers) + 16
  movl $PHYSICAL(direct_directories) + 0x3003, PHYSICAL(direct_pointers) + 24
  movl $PHYSICAL(heap_pointers) + 3, PHYSICAL(tessera_top_table) + HEAP_SLOT * 8
  movl $PHYSICAL(heap_directory) + 3, PHYSICAL(heap_pointers)
  movl $PHYSICAL(heap_table) + 3, PHYSICAL(heap_directory)
  movl $0x83, PHYSICAL(identity_directory) /* only the first 2 MiB, where this code is */

  mov $PHYSICAL(tessera_top_table), %eax
  mov %eax, %cr3
  mov %cr4, %eax
  or $0x6a0, %eax /* PAE, global pages, FXSAVE, SIMD exceptions */
  mov %eax, %cr4
  mov $MSR_EFER, %ecx
  rdmsr
  or $0x901, %eax /* syscall, long mode, no-execute */
  wrmsr
  mov $0x80010033, %eax /* paging, write protection, numeric errors, monitor coprocessor, protection */
  mov %eax, %cr0
  lgdt boot_gdt_pointer
  ljmp $SELECTOR_CODE, $long_mode

  .code64
long_mode:
  mov $high_entry, %eax
  jmp *%rax

  .align 8
boot_gdt_pointer:
  .word gdt_end - gdt - 1
  .long PHYSICAL(gdt)

  .text
high_entry:
  lgdt gdt_pointer
  mov $SELECTOR_DATA, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  mov $boot_stack_end, %esp
  mov %eax, low_pointers /* page 0 and the program's addresses are free now */
  mov %cr3, %rax
  mov %rax, %cr3

  /* Task state: only the interrupt stacks. Its descriptor needs the address in pieces. */
  mov $tss, %eax
  mov %ax, gdt_tss + 2
  shr $16, %eax
  mov %al, gdt_tss + 4
  mov %ah, gdt_tss + 7
  mov $SELECTOR_TSS, %eax
  ltr %ax

  /* 256 gates; every vector has a stack of its own kind: 1 all, 2 NMI, 3 double fault, 4 machine check. */
  mov $tessera_trap_stubs, %eax
  mov $idt, %edi
  mov $256, %ecx
1:mov %ax, (%rdi)
  movw $SELECTOR_CODE, 2(%rdi)
  movw $0x8e01, 4(%rdi)
  mov %eax, %edx
  shr $16, %edx
  mov %dx, 6(%rdi)
  add $16, %eax
  add $16, %edi
  loop 1b
  movb $2, idt + 2 * 16 + 4
  movb $3, idt + 8 * 16 + 4
  movb $4, idt + 18 * 16 + 4
  lidt idt_pointer

  mov $MSR_GS_BASE, %ecx
  mov $tessera_cpu0, %eax
  xor %edx, %edx
  wrmsr
  movq $tessera_cpu0, %gs:CPU_SELF
  movq $boot_stack_end, %gs:CPU_STACK_TOP
  movq $boot_stack, %gs:CPU_STACK_BOTTOM
  mov $MSR_STAR, %ecx
  xor %eax, %eax
  mov $SELECTOR_CODE, %edx
  wrmsr
  mov $MSR_LSTAR, %ecx
  mov $tessera_system_call_entry, %eax
  xor %edx, %edx
  wrmsr
  mov $MSR_SFMASK, %ecx
  mov $0x47700, %eax /* trap, interrupts, direction, IOPL, nested task, alignment */
  wrmsr

  fninit
  ldmxcsr initial_mxcsr
  call tessera_console_start
  mov $1, %edi
  shl $46, %rdi
  mov %ebp, %ebp
  add %rbp, %rdi
  xor %ebp, %ebp
  call ts_start
  jmp tessera_triple_fault

  .data
  .align 16
gdt:
  .quad 0
  .quad 0x00af9b000000ffff
  .quad 0x00cf93000000ffff
gdt_tss:
  .quad 0x0000890000000067, 0
gdt_end:
gdt_pointer:
  .word gdt_end - gdt - 1
  .quad gdt
idt_pointer:
  .word 4095
  .quad idt
  .align 8
  .long 0 /* so that the 64-bit fields below are aligned */
tss:
  .long 0
  .quad 0, 0, 0, 0
  .quad trap_stack_end, nmi_stack_end, double_fault_stack_end, machine_check_stack_end
  .quad 0, 0, 0, 0
  .long 0x680000
  .globl initial_mxcsr
initial_mxcsr:
  .long 0x1f80

  .section .bss.tables, "aw", @nobits
  .align 4096
  .globl tessera_top_table
tessera_top_table: .skip 4096
low_pointers: .skip 4096
identity_directory: .skip 4096
kernel_directory: .skip 4096
kernel_tables: .skip 4096 * KERNEL_TABLES
direct_pointers: .skip 4096
direct_directories: .skip 4096 * 4
idt: .skip 4096
trap_stack: .skip 4096
trap_stack_end:
nmi_stack: .skip 1024
nmi_stack_end:
machine_check_stack: .skip 3072
machine_check_stack_end:
double_fault_stack: .skip 4096
double_fault_stack_end:
  .globl boot_stack, boot_stack_end
heap_pointers: .skip 4096
heap_directory: .skip 4096
heap_table: .skip 4096
boot_stack: .skip 32768
boot_stack_end:
  .align 64
  .globl tessera_cpu0
tessera_cpu0: .skip CPU_BYTES

  .section .bss.heap, "aw", @nobits
  .align 4096
first_heap: .skip HEAP_FIRST_BYTES

  .text
  /* What the runtime's heap starts with: the window's address, what is mapped there, how far it may grow. */
  .globl tessera_heap_start, tessera_heap_bytes, tessera_heap_window
tessera_heap_start:
  mov $HEAP_SLOT, %eax
  shl $39, %rax
  ret
tessera_heap_bytes:
  mov $HEAP_FIRST_BYTES, %eax
  ret
tessera_heap_window:
  mov $HEAP_WINDOW_BYTES, %eax
  ret
