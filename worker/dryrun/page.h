/* What a dry run prints, and the same as one HTML page with its pictures. */
#ifndef WORKER_DRYRUN_PAGE_H
#define WORKER_DRYRUN_PAGE_H

#include <jansson.h>

#define DRYRUN_PAGE "run.html"

struct dryrun_page;

struct dryrun_page *dryrun_page_new(const char *title);

/* Prints it, too. */
void dryrun_page_say(struct dryrun_page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A picture in the same folder: stands behind what was said last. */
void dryrun_page_picture(struct dryrun_page *page, const char *name);

/* A collapsed text; not printed. */
void dryrun_page_fold(struct dryrun_page *page, const char *heading, const char *text);

/* Writes the page into the folder and frees it. */
void dryrun_page_end(struct dryrun_page *page, int folder, const char *folder_path);

#endif
