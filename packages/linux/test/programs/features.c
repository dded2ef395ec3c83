// Built by the tests with gcc -static and musl-gcc -static: prints what a program sees; argv[1] picks the case.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
static sigjmp_buf place;
static volatile sig_atomic_t seen;
static void on_signal(int number) { seen = number; }
static void on_fault(int number, siginfo_t *info, void *context) { (void)number; (void)context; printf("fault at %lx code %d\n", (long)info->si_addr & 0xfff, info->si_code); siglongjmp(place, 1); }
static char spare[65536];
static void on_alternate(int number) { char here; printf("signal %d on %s stack\n", number, &here > spare && &here < spare + sizeof spare ? "another" : "the usual"); }
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "hello";
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!strcmp(what, "hello")) printf("hello, %s %.3f %d args\n", getenv("NAME") ? getenv("NAME") : "world", 3.14159, argc);
  if (!strcmp(what, "null")) *(volatile int *)0 = 1;
  if (!strcmp(what, "abort")) abort();
  if (!strcmp(what, "divide")) { volatile int zero = 0, n = 10; printf("%d\n", n / zero); }
  if (!strcmp(what, "invalid")) __asm__("ud2");
  if (!strcmp(what, "signals")) {
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGUSR1, &action, NULL);
    sigset_t set, old;
    sigemptyset(&set); sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    printf("blocked: %d\n", (int)seen);
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("delivered: %d\n", seen == SIGUSR1);
    struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &fault, NULL);
    for (int i = 0; i < 3; i++) if (!sigsetjmp(place, 1)) *(volatile int *)(0x1230L + i) = 1;
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!sigsetjmp(place, 1)) *page = 1; else printf("write refused: %d\n", *page == 0);
    stack_t stack = { .ss_sp = spare, .ss_size = sizeof spare };
    sigaltstack(&stack, NULL);
    struct sigaction other = { .sa_handler = on_alternate, .sa_flags = SA_ONSTACK };
    sigaction(SIGUSR2, &other, NULL);
    raise(SIGUSR2);
  }
  if (!strcmp(what, "memory")) {
    size_t size = 1UL << 30;
    char *p = malloc(size);
    for (size_t i = 0; p && i < size; i += 64UL << 20) p[i] = (char)(i >> 20);
    long sum = 0;
    for (size_t i = 0; p && i < size; i += 32UL << 20) sum += p[i];
    printf("sparse %ld\n", sum);
    p = realloc(p, 100000); free(p);
    int n[1000];
    for (int i = 0; i < 1000; i++) n[i] = (i * 7919) % 1000;
    qsort(n, 1000, sizeof *n, compare);
    printf("sorted %d %d %d\n", n[0], n[500], n[999]);
  }
  if (!strcmp(what, "files")) {
    FILE *f = fopen("/tmp/data", "w+");
    for (int i = 0; i < 1000; i++) fprintf(f, "line %d\n", i);
    fseek(f, 100, SEEK_SET);
    char line[64]; fgets(line, sizeof line, f); fgets(line, sizeof line, f);
    printf("read %s", line);
    struct stat st; fflush(f); fstat(fileno(f), &st);
    char *map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fileno(f), 0);
    printf("size %ld mapped %.6s\n", (long)st.st_size, map + 0);
    rename("/tmp/data", "/tmp/other"); link("/tmp/other", "/tmp/third"); stat("/tmp/third", &st);
    printf("links %d exists %d\n", (int)st.st_nlink, access("/tmp/data", F_OK) == 0);
    unlink("/tmp/other"); errno = 0; open("/tmp/other", O_RDONLY); perror("open");
  }
  if (!strcmp(what, "time")) {
    struct timespec a, b, pause = { 0, 30000000 };
    clock_gettime(CLOCK_MONOTONIC, &a);
    nanosleep(&pause, NULL);
    struct pollfd none; poll(&none, 0, 20);
    clock_gettime(CLOCK_MONOTONIC, &b);
    long ns = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
    printf("slept %d\n", ns >= 50000000 && ns < 5000000000);
    printf("wall clock %d\n", time(NULL) > 1600000000);
  }
  if (!strcmp(what, "status")) return 300 + atoi(argv[2]);
  return 0;
}
