#include "agent/trim.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Pages that nobody may write are the file's: dropped, they come again as they were. */
static int drop_clean(struct dl_phdr_info *info, size_t size, void *arg)
{
    uintptr_t page = *(const uintptr_t *)arg;
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_LOAD || (h->p_flags & PF_W))
            continue;
        uintptr_t from = (info->dlpi_addr + h->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t to = (info->dlpi_addr + h->p_vaddr + h->p_filesz) & ~(page - 1);
        if (from < to) /* NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells numbers */
            madvise((void *)from, to - from, MADV_DONTNEED);
    }
    return 0;
}

void trim_memory(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    malloc_trim(0);
    dl_iterate_phdr(drop_clean, &page);
}
