/* Only in builds with AddressSanitizer: makes short processes cheaper, by fewer page faults.
 *
 * For each place that allocates, AddressSanitizer writes somewhere into a table of four megabytes.
 * With huge pages, the kernel provides the table at once instead of in a thousand parts.
 *
 * AddressSanitizer looks up functions that do not exist here. Each failure allocates an error
 * message, and the first of each size touches much of a megabyte. So `dlsym` answers for these
 * names.
 *
 * LeakSanitizer looks for pointers in all global variables. Nine in ten megabytes of those are
 * tables of its own, of which a short run touches few pages. So it looks at none itself: this hands
 * it what may be a pointer in those pages that exist. test/e2e/test_asan.py has the proof that a
 * leak is still found. */

#include <dlfcn.h>
#include <link.h>
#include <sanitizer/lsan_interface.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u
#define HUGE_PAGE 0x200000u

/* AddressSanitizer's heap: where it is, how far apart its size classes are, and how much each takes
 * from the system at a time. */
#define HEAP 0x600000000000u
#define HEAP_CLASSES 54u
#define HEAP_CLASS_SHIFT 36
#define HEAP_STEP 0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) __attribute__((weak));
int __lsan_is_turned_off(void) __attribute__((weak));
const char *__asan_default_options(void);
void *dlsym(void *handle, const char *name);
void leak_roots(void);

extern char __bss_start[], _end[]; /* from the linker: where global variables without a value are */

struct roots {
    uintptr_t *words;
    size_t count, bytes; /* bytes: of global variables, more than words takes */
};

/* How the names begin that AddressSanitizer looks up in vain: functions of C++, of libraries that
 * are not loaded, and of other C libraries. */
static const char *const absent[] = {
    "xdr",
    "crypt",
    "__cxa_rethrow_primary_exception",
    "__cxa_throw",
    "__isoc99_fprintf",
    "__isoc99_printf",
    "__isoc99_snprintf",
    "__isoc99_sprintf",
    "__isoc99_vfprintf",
    "__isoc99_vprintf",
    "__isoc99_vsnprintf",
    "__isoc99_vsprintf",
    "__pthread_mutex_lock",
    "__pthread_mutex_unlock",
    "pthread_mutexattr_getrobust_np",
};

/* strncmp is not intercepted yet. */
__attribute__((no_sanitize("address", "undefined"))) static int
begins(const char *name, const char *with)
{
    while (*with && *name == *with)
        name++, with++;
    return !*with;
}

/* For this program alone, not its libraries. */
__attribute__((visibility("hidden"), no_sanitize("address", "undefined"))) void *
dlsym(void *handle, const char *name)
{
    static void *(*real)(void *, const char *);

    for (size_t i = 0; handle == RTLD_NEXT && i < sizeof absent / sizeof *absent; i++)
        if (begins(name, absent[i]))
            return NULL;
    if (!real)
        real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    return real(handle, name);
}

/* Called before anything is allocated. Without huge pages, all is as it was. An allocation whose
 * shadow is larger than the threshold gets new shadow pages each time; LMDB's tables stay below. */
const char *
__asan_default_options(void)
{
    uintptr_t begin = ((uintptr_t)__bss_start + PAGE - 1) / PAGE * PAGE;
    uintptr_t huge = (begin + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;

    syscall(SYS_madvise, begin, (uintptr_t)_end - begin, MADV_HUGEPAGE);
    syscall(SYS_madvise, begin, huge - begin, MADV_POPULATE_WRITE);
    return "clear_shadow_mmap_threshold=524288";
}

/* A fuzz target checks for leaks while it runs: LeakSanitizer looks itself there. */
const char *
__lsan_default_options(void)
{
    return LLVMFuzzerTestOneInput ? "" : "use_globals=0";
}

__attribute__((no_sanitize("address", "undefined"))) static void
take_page(struct roots *roots, const uintptr_t *page)
{
    for (size_t i = 0; i < PAGE / sizeof *page; i++)
        if (page[i] >> 32 && page[i] >> 47 == 0) /* beyond the program itself, and in user space */
            roots->words[roots->count++] = page[i];
}

/* Unlike those of a file, pages of zeros that nothing has touched do not exist. */
static void
take_pages(struct roots *roots, uintptr_t begin, uintptr_t end)
{
    unsigned char exists[1024];

    for (uintptr_t at = begin; at < end; at += sizeof exists * PAGE) {
        size_t bytes = end - at < sizeof exists * PAGE ? end - at : sizeof exists * PAGE;

        if (mincore((void *)at, bytes, exists))
            abort();
        for (size_t i = 0; i < bytes / PAGE; i++)
            if (exists[i] & 1)
                take_page(roots, (const uintptr_t *)(at + i * PAGE));
    }
}

/* Of one program or library: first asks for the room, then fills it. */
static int
take_module(struct dl_phdr_info *module, size_t size, void *data)
{
    struct roots *roots = data;

    (void)size;
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &module->dlpi_phdr[i];
        uintptr_t begin = (module->dlpi_addr + segment->p_vaddr) / PAGE * PAGE;
        uintptr_t end =
            (module->dlpi_addr + segment->p_vaddr + segment->p_memsz + PAGE - 1) / PAGE * PAGE;

        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
            continue;
        if (roots->words)
            take_pages(roots, begin, end);
        else
            roots->bytes += end - begin;
    }
    return 0;
}

/* Before the libraries' own ends, and before LeakSanitizer, which begins first and so ends last. */
__attribute__((destructor)) void
leak_roots(void)
{
    struct roots roots = {0};

    if (LLVMFuzzerTestOneInput || (__lsan_is_turned_off && __lsan_is_turned_off()))
        return;
    for (uintptr_t i = 0; i < HEAP_CLASSES; i++) /* LeakSanitizer reads all of it */
        syscall(SYS_madvise, HEAP + (i << HEAP_CLASS_SHIFT), HEAP_STEP, MADV_POPULATE_READ);
    dl_iterate_phdr(take_module, &roots);
    roots.words = mmap(NULL, roots.bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (roots.words == MAP_FAILED)
        abort();
    dl_iterate_phdr(take_module, &roots);
    __lsan_register_root_region(roots.words, roots.count * sizeof *roots.words);
}
