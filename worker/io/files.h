/* Carries out drivers' file requests: read, durable write, durable rename. Blocks as long as the
 * disk does: those of several orders are carried out together, and share what can be shared. */
#ifndef WORKER_IO_FILES_H
#define WORKER_IO_FILES_H

#include "common/sandbox/pinned_path.h"
#include "erp-drivers/driver.h"

#define FILES_BYTES_MAX 65536u /* maximum size of a file that is read back */

/* Paths in this folder, and its own, are accessed through its descriptor as long as its path leads
 * there; others by path. Borrowed; NULL: none. */
void files_use(const struct pinned_path *folder);

struct files_call {
    const struct erp_request *request;
    struct erp_reply reply;
    char *body; /* for the caller to free; reply.body points to it */

    /* Internal: */
    int number; /* errno */
    int fd;     /* of a file that is not synced yet; -1 */
    struct files_spot {
        int folder;
        const char *name;
    } at; /* what it changes; name NULL: nothing */
};

/* Fills each reply; reply.error is valid until the next call. What is replied with 200 is on disk.
 * The requests are independent: none fails because another one does, except for the sync of a
 * folder that they share. */
void files_perform_all(struct files_call *calls, size_t count);

/* One alone. */
void files_perform(const struct erp_request *request, struct erp_reply *reply, char **body);

#endif
