// SPDX-License-Identifier: BSD-3-Clause
// Runs program code for the tests of the system calls: a traced process whose system calls and faults are reported instead
// of served. Commands come in on descriptor 3, answers go out on descriptor 4, all in 8-byte words:
//   'I' nr a0-a5      run one real system call in the traced process (to map memory); answers the result
//   'C' signal        go on until the next system call or signal; answers kind (0 call, 1 signal), value, address, code
//   'G'               answers the 27 words of user_regs_struct
//   'S' 27 words      sets them
// The traced process consists of one page at STUB after start-up: `syscall; int3`.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#define STUB 0x600000000000UL
static pid_t child;
static void in(void *to, size_t n) { for (char *p = to; n;) { ssize_t r = read(3, p, n); if (r <= 0) { kill(child, 9); exit(0); } p += r; n -= r; } }
static void out(const void *from, size_t n) { if (write(4, from, n) != (ssize_t)n) exit(1); }
static int stopped(void) { int status; if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) exit(2); return WSTOPSIG(status); }
int main(void) {
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    unsigned char *stub = mmap((void *)STUB, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (stub != (void *)STUB) _exit(3);
    memcpy(stub, "\x0f\x05\xcc", 3);
    raise(SIGSTOP);
    _exit(4);
  }
  stopped();
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  long pid = child;
  out(&pid, 8);
  for (;;) {
    long word[28];
    struct user_regs_struct now, saved;
    in(word, 8);
    switch (word[0]) {
      case 'I':
        in(word, 56);
        ptrace(PTRACE_GETREGS, child, 0, &saved);
        now = saved;
        now.rip = STUB; now.rax = word[0]; now.orig_rax = -1;
        now.rdi = word[1]; now.rsi = word[2]; now.rdx = word[3]; now.r10 = word[4]; now.r8 = word[5]; now.r9 = word[6];
        ptrace(PTRACE_SETREGS, child, 0, &now);
        ptrace(PTRACE_CONT, child, 0, 0);
        stopped();
        ptrace(PTRACE_GETREGS, child, 0, &now);
        word[0] = now.rax;
        ptrace(PTRACE_SETREGS, child, 0, &saved);
        out(word, 8);
        break;
      case 'C': {
        in(word, 8);
        ptrace(PTRACE_SYSEMU, child, 0, word[0]);
        int signal = stopped();
        siginfo_t info;
        memset(&info, 0, sizeof info);
        if (!(signal & 0x80)) ptrace(PTRACE_GETSIGINFO, child, 0, &info);
        word[0] = !(signal & 0x80); word[1] = signal & 0x7f; word[2] = (long)info.si_addr; word[3] = info.si_code;
        out(word, 32);
        break;
      }
      case 'G': ptrace(PTRACE_GETREGS, child, 0, &now); out(&now, sizeof now); break;
      case 'S': in(&now, sizeof now); ptrace(PTRACE_SETREGS, child, 0, &now); break;
      default: exit(5);
    }
  }
}
