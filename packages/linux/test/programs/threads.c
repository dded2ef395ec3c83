// Threads, built by the boot test: mutexes, condition variables, a barrier, thread-local storage, floating point across switches.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int turn;
static long sum;
static __thread long mine;
static void *work(void *argument) {
  long number = (long)argument;
  mine = number;
  for (int i = 0; i < 2000; i++) { pthread_mutex_lock(&lock); sum++; pthread_mutex_unlock(&lock); }
  pthread_barrier_wait(&barrier);
  double x = 0;
  for (int i = 0; i < 200000; i++) x += i * 0.5;
  if (mine != number || x != 9999950000.0) puts("registers or thread-local storage mixed up");
  return (void *)(number * number);
}
static void *pong(void *unused) {
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&lock);
    while (turn != 1) pthread_cond_wait(&changed, &lock);
    turn = 0;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
  }
  return unused;
}
int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 16;
  pthread_t threads[64], other;
  pthread_barrier_init(&barrier, NULL, count);
  for (long i = 0; i < count; i++) if (pthread_create(&threads[i], NULL, work, (void *)i)) { puts("create failed"); return 1; }
  long squares = 0;
  for (int i = 0; i < count; i++) { void *value; pthread_join(threads[i], &value); squares += (long)value; }
  printf("sum %ld squares %ld\n", sum, squares);
  pthread_create(&other, NULL, pong, NULL);
  for (int i = 0; i < 1000; i++) {
    pthread_mutex_lock(&lock);
    while (turn != 0) pthread_cond_wait(&changed, &lock);
    turn = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
  }
  pthread_join(other, NULL);
  puts("ping pong");
  return 0;
}
