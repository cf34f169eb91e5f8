/* Internals shared by trail.c and search.c. */
#ifndef SUPERVISOR_AUDIT_INTERNAL_H
#define SUPERVISOR_AUDIT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "supervisor/audit/trail.h"

#define TRAIL_LINE_HEAD "{\"id\":"

struct trail_search;

struct trail {
    struct event_base *base;
    char *path;
    char *group;
    off_t file_bytes;
    int fd; /* -1: it could not be opened */
    off_t bytes;
    bool torn;                   /* the last line has no end */
    bool dirty;                  /* something is not yet with the disk */
    int64_t id;                  /* of the last line */
    struct event *sync, *helper; /* helper NULL: none is running */
    TAILQ_HEAD(, trail_search) searches;
    unsigned search_count;
};

/* The file itself, or one that was rotated so many times. The caller frees it. */
char *trail_path(const char *path, unsigned rotated);

/* The id of a line; 0: it is none. */
int64_t trail_line_id(const char *line);

/* Each open search: 503. */
void trail_end_searches(struct trail *trail);

#endif
