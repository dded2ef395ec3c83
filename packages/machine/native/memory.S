# memcpy, memmove, memset, memcmp for every native target: the compiler emits calls of them for copies it cannot inline.
# Short copies load both ends before they store (so overlap does no harm); long ones use the string instructions, which
# move whole lines on every CPU of the last decade. The direction flag is clear on entry (System V ABI).
        .text
        .globl  memcpy, memmove, memset, memcmp
        .type   memcpy, @function
        .type   memmove, @function
        .type   memset, @function
        .type   memcmp, @function

        .balign 16
memcpy:
memmove:
        movq    %rdi, %rax
        cmpq    $16, %rdx
        ja      2f
        cmpq    $8, %rdx
        jae     8f
        cmpq    $4, %rdx
        jae     4f
        testq   %rdx, %rdx
        jz      1f
        movzbl  (%rsi), %ecx
        movzbl  -1(%rsi,%rdx), %r8d
        movq    %rdx, %r10
        shrq    $1, %r10
        movzbl  (%rsi,%r10), %r9d
        movb    %r9b, (%rdi,%r10)
        movb    %cl, (%rdi)
        movb    %r8b, -1(%rdi,%rdx)
1:      ret
4:      movl    (%rsi), %ecx
        movl    -4(%rsi,%rdx), %r8d
        movl    %ecx, (%rdi)
        movl    %r8d, -4(%rdi,%rdx)
        ret
8:      movq    (%rsi), %rcx
        movq    -8(%rsi,%rdx), %r8
        movq    %rcx, (%rdi)
        movq    %r8, -8(%rdi,%rdx)
        ret
2:      movq    %rdi, %rcx
        subq    %rsi, %rcx              # unsigned: below the length means that the target overlaps the source's tail
        cmpq    %rdx, %rcx
        jb      5f
        movq    %rdx, %rcx
        cmpq    $256, %rdx
        jae     3f
        movq    -8(%rsi,%rdx), %r8      # the last word by hand, the rest in words
        leaq    -8(%rdi,%rdx), %r9
        decq    %rcx
        shrq    $3, %rcx
6:      movq    (%rsi), %r10
        addq    $8, %rsi
        movq    %r10, (%rdi)
        addq    $8, %rdi
        decq    %rcx
        jnz     6b
        movq    %r8, (%r9)
        ret
3:      rep movsb
        ret
5:      testq   %rcx, %rcx              # overlapping, target above: words from the end
        jz      1b
7:      cmpq    $8, %rdx
        jb      9f
        movq    -8(%rsi,%rdx), %rcx
        movq    %rcx, -8(%rdi,%rdx)
        subq    $8, %rdx
        jmp     7b
9:      testq   %rdx, %rdx
        jz      1b
        movzbl  -1(%rsi,%rdx), %ecx
        movb    %cl, -1(%rdi,%rdx)
        decq    %rdx
        jmp     9b
        .size   memmove, .-memmove

        .balign 16
memset:
        movq    %rdi, %r8
        movzbl  %sil, %eax
        movabsq $0x0101010101010101, %rcx
        imulq   %rcx, %rax
        cmpq    $8, %rdx
        jb      2f
        movq    %rax, -8(%rdi,%rdx)
        leaq    -1(%rdx), %rcx
        shrq    $3, %rcx
        cmpq    $16, %rcx
        jae     3f
        testq   %rcx, %rcx
        jz      4f
1:      movq    %rax, (%rdi)
        addq    $8, %rdi
        decq    %rcx
        jnz     1b
4:      movq    %r8, %rax
        ret
3:      rep stosq
        movq    %r8, %rax
        ret
2:      testq   %rdx, %rdx
        jz      4b
        movb    %al, -1(%rdi,%rdx)
        decq    %rdx
        jmp     2b
        .size   memset, .-memset

        .balign 16
memcmp:
        xorl    %eax, %eax
1:      cmpq    $8, %rdx
        jb      3f
        movq    (%rdi), %rcx
        movq    (%rsi), %r8
        cmpq    %r8, %rcx
        jne     2f
        addq    $8, %rdi
        addq    $8, %rsi
        subq    $8, %rdx
        jmp     1b
2:      bswapq  %rcx
        bswapq  %r8
        cmpq    %r8, %rcx
        sbbl    %eax, %eax
        orl     $1, %eax
        ret
3:      testq   %rdx, %rdx
        jz      4f
        movzbl  (%rdi), %eax
        movzbl  (%rsi), %ecx
        subl    %ecx, %eax
        jnz     4f
        incq    %rdi
        incq    %rsi
        decq    %rdx
        jmp     3b
4:      ret
        .size   memcmp, .-memcmp

# tessera_spill_registers(area): writes the stack pointer and the six registers that a callee keeps to area (7 words), so
# that the collector finds references that live only there. Returns the stack pointer of the caller.
        .globl  tessera_spill_registers
        .type   tessera_spill_registers, @function
        .balign 16
tessera_spill_registers:
        leaq    8(%rsp), %rax
        movq    %rax, (%rdi)
        movq    %rbx, 8(%rdi)
        movq    %rbp, 16(%rdi)
        movq    %r12, 24(%rdi)
        movq    %r13, 32(%rdi)
        movq    %r14, 40(%rdi)
        movq    %r15, 48(%rdi)
        ret
        .size   tessera_spill_registers, .-tessera_spill_registers
        .section .note.GNU-stack,"",@progbits
