/*
 * The baselines of the benchmarks: what a plain C program needs for the same work on a libxc stream
 * of an HVM guest. Not a product: it stops at the first fault without saying much.
 *
 *   restorer read FILE      read every byte, 1 MiB at a time, into memory that is used again
 *   restorer walk FILE      read record headers and entries only, check the entries
 *   restorer restore FILE   parse, check, copy pages that are not zero into fresh memory
 *   restorer digest FILE    the same, then hash the memory: for comparing, not for timing
 *   restorer sink -         read standard input to its end, as `read` does
 *   restorer evict FILE...  take the files from the page cache, for runs that begin cold
 *
 * Prints one line of JSON; `ms` is the work alone, from before the file is opened to after the last
 * byte; `cpuMs` is the processor time of the same, user and system. Source: the libxc migration
 * stream document, sections on headers and PAGE_DATA.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define READ_BYTES (1u << 20)
#define STEP_PAGES 1024u
#define RECORD_MAX (128u << 20)
#define REC_END 0u
#define REC_PAGE_DATA 1u
#define TYPE_XALLOC 0xeu
#define RESERVED_MASK 0x0ff0000000000000ull
#define PFN_MASK 0x000fffffffffffffull
#define PFN_LIMIT (1ull << 36)
#define NO_FRAME 0u   /* not populated */
#define ZERO_FRAME 1u /* populated, all zero; frame n stands at n - 2 */

static void fail(const char *what) {
  fprintf(stderr, "restorer: %s\n", what);
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double cpu_ms(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

static void read_at(int fd, void *into, size_t bytes, off_t at) {
  for (size_t done = 0; done < bytes;) {
    ssize_t got = pread(fd, (char *)into + done, bytes - done, at + (off_t)done);
    if (got <= 0) fail("short file");
    done += (size_t)got;
  }
}

static int has_data(unsigned type) { return type <= 4 || (type >= 9 && type <= 12); }

static int is_zero(const unsigned char *page) {
  return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

/* What a restored guest consists of. */
static uint32_t *frames; /* by pfn */
static uint64_t frames_length;
static unsigned char *arena;
static uint32_t arena_used;
static uint64_t populated, data_pages, max_pfn;

static void populate(uint64_t pfn) {
  if (pfn >= frames_length) fail("pfn beyond what this baseline holds");
  if (frames[pfn] != NO_FRAME) return;
  frames[pfn] = ZERO_FRAME;
  populated++;
  if (pfn > max_pfn) max_pfn = pfn;
}

static void place(uint64_t pfn, const unsigned char *page) {
  uint32_t frame = frames[pfn];
  if (is_zero(page)) {
    if (frame > ZERO_FRAME) memset(arena + (uint64_t)(frame - 2) * PAGE, 0, PAGE);
    return;
  }
  if (frame <= ZERO_FRAME) frames[pfn] = frame = 2 + arena_used++;
  memcpy(arena + (uint64_t)(frame - 2) * PAGE, page, PAGE);
}

/* One PAGE_DATA record whose body begins at `at`. */
static void page_data(int fd, off_t at, uint32_t bytes, int contents, uint64_t *entries,
                      unsigned char *pages) {
  uint32_t count;
  read_at(fd, &count, 4, at);
  if (count == 0 || 8 + (uint64_t)count * 8 > bytes) fail("entry count");
  read_at(fd, entries, (size_t)count * 8, at + 8);
  uint32_t with_data = 0;
  for (uint32_t i = 0; i < count; i++) {
    unsigned type = (unsigned)(entries[i] >> 60);
    if (type >= 5 && type <= 8) fail("page type");
    if (entries[i] & RESERVED_MASK) fail("reserved bits");
    if (has_data(type) || type == TYPE_XALLOC) {
      if ((entries[i] & PFN_MASK) >= PFN_LIMIT) fail("pfn");
      populate(entries[i] & PFN_MASK);
    }
    with_data += (uint32_t)has_data(type);
  }
  if (8 + (uint64_t)count * 8 + (uint64_t)with_data * PAGE != bytes) fail("record length");
  data_pages += with_data;
  if (!contents) return;
  off_t next = at + 8 + (off_t)count * 8;
  for (uint32_t done = 0, i = 0; done < with_data; done += STEP_PAGES) {
    uint32_t step = with_data - done < STEP_PAGES ? with_data - done : STEP_PAGES;
    read_at(fd, pages, (size_t)step * PAGE, next);
    next += (off_t)step * PAGE;
    for (uint32_t n = 0; n < step; i++) {
      if (has_data((unsigned)(entries[i] >> 60))) place(entries[i] & PFN_MASK, pages + PAGE * n++);
    }
  }
}

static void stream(int fd, off_t size, int contents) {
  unsigned char head[40];
  read_at(fd, head, sizeof head, 0);
  if (memcmp(head, "\xff\xff\xff\xff\xff\xff\xff\xffXENF", 12) != 0) fail("image header");
  if (head[24] != 2) fail("not an HVM guest");
  uint64_t *entries = malloc(RECORD_MAX);
  unsigned char *pages = malloc((size_t)STEP_PAGES * PAGE);
  frames_length = (uint64_t)size / PAGE * 2 + (1u << 20) + 1024;
  frames = mmap(NULL, frames_length * 4, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  arena = mmap(NULL, (size_t)size + PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (!entries || !pages || frames == MAP_FAILED || arena == MAP_FAILED) fail("memory");
  for (off_t at = sizeof head;;) {
    uint32_t record[2];
    read_at(fd, record, 8, at);
    at += 8;
    if (record[1] > RECORD_MAX || at + (off_t)record[1] > size) fail("record length");
    if (record[0] == REC_PAGE_DATA) page_data(fd, at, record[1], contents, entries, pages);
    if (record[0] == REC_END) return;
    at += ((off_t)record[1] + 7) & ~(off_t)7;
  }
}

/* The same 32-bit hash as bench/lib/word-hash.ts, over pfn and words of each populated page. */
static uint32_t word_hash(void) {
  static const unsigned char zeros[PAGE];
  uint32_t hash = 0x811c9dc5u;
  for (uint64_t pfn = 0; pfn <= max_pfn; pfn++) {
    if (frames[pfn] == NO_FRAME) continue;
    const unsigned char *page = frames[pfn] == ZERO_FRAME
                                    ? zeros : arena + (uint64_t)(frames[pfn] - 2) * PAGE;
    hash = (hash ^ (uint32_t)pfn) * 0x01000193u;
    for (uint32_t i = 0; i < PAGE; i += 4) {
      uint32_t word;
      memcpy(&word, page + i, 4);
      hash = (hash ^ word) * 0x01000193u;
    }
  }
  return hash;
}

static uint64_t read_to_end(int fd) {
  static unsigned char buffer[READ_BYTES] __attribute__((aligned(PAGE)));
  uint64_t bytes = 0;
  for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) bytes += (uint64_t)got;
  return bytes;
}

static void evict(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) fail("cannot open");
  if (fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) fail("cannot evict");
  close(fd);
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  if (argc > 2 && strcmp(mode, "evict") == 0) {
    for (int at = 2; at < argc; at++) evict(argv[at]);
    return 0;
  }
  if (argc != 3) fail("usage: restorer read|walk|restore|digest|sink FILE, evict FILE...");
  int sink = strcmp(mode, "sink") == 0;
  double begin = now_ms(), cpu_begin = cpu_ms();
  int fd = sink ? STDIN_FILENO : open(argv[2], O_RDONLY);
  struct stat stats;
  if (fd < 0 || fstat(fd, &stats) != 0) fail("cannot open");
  uint64_t bytes = 0;
  if (sink || strcmp(mode, "read") == 0) {
    bytes = read_to_end(fd);
  } else {
    stream(fd, stats.st_size, strcmp(mode, "walk") != 0);
  }
  double ms = now_ms() - begin;
  printf("{\"ms\":%.4f,\"cpuMs\":%.4f,\"bytes\":%" PRIu64 ",\"dataPages\":%" PRIu64
         ",\"populated\":%" PRIu64 ",\"frames\":%" PRIu32 ",\"hash\":%" PRIu32 "}\n",
         ms, cpu_ms() - cpu_begin, bytes, data_pages, populated, arena_used,
         strcmp(mode, "digest") == 0 ? word_hash() : 0);
  return 0;
}
