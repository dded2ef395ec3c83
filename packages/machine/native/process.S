# The process target: a static Linux program without libc. The kernel enters at _start with argc, argv and the
# environment at the stack pointer, which ts_start gets as its argument.
        .text
        .globl  _start
        .type   _start, @function
_start:
        xorl    %ebp, %ebp
        movq    %rsp, %rdi
        andq    $-16, %rsp
        call    ts_start
        xorl    %edi, %edi              # ts_start leaves through exit_group; coming back is a plain success
        movl    $231, %eax
        syscall
        ud2
        .size   _start, .-_start

# tessera_syscall(number, a, b, c, d, e, f): the raw result, negative errno included.
        .globl  tessera_syscall
        .type   tessera_syscall, @function
        .balign 16
tessera_syscall:
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsi
        movq    %rcx, %rdx
        movq    %r8, %r10
        movq    %r9, %r8
        movq    8(%rsp), %r9
        syscall
        ret
        .size   tessera_syscall, .-tessera_syscall
        .section .note.GNU-stack,"",@progbits
