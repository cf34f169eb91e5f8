/* HTML as text: what comes from the ERP is escaped, and the page runs no script. */
#include "worker/dryrun/page.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "worker/dryrun/folder.h"

#define LINE_BYTES 8192

static const char head[] =
    "<!doctype html>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' "
    "file:; "
    "style-src 'unsafe-inline'\">\n"
    "<style>body{font:14px sans-serif;margin:2em}pre{white-space:pre-wrap;margin:0}"
    "img{max-width:48em;border:1px solid #999;display:block;margin:.5em 0 1em}"
    "details{margin:.2em 0 .6em 1em}</style>\n";

struct dryrun_page {
    FILE *file;
    char *text;
    size_t length;
};

static void
put_escaped(FILE *file, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", file);
        else if (*text == '<')
            fputs("&lt;", file);
        else if (*text == '"')
            fputs("&quot;", file);
        else
            fputc(*text, file);
    }
}

struct dryrun_page *
dryrun_page_new(const char *title)
{
    struct dryrun_page *page = mem_alloc(sizeof *page);

    page->file = open_memstream(&page->text, &page->length);
    if (!page->file)
        die_abort("out of memory");
    fputs(head, page->file);
    fputs("<title>", page->file);
    put_escaped(page->file, title);
    fputs("</title>\n<h1>", page->file);
    put_escaped(page->file, title);
    fputs("</h1>\n", page->file);
    return page;
}

void
dryrun_page_say(struct dryrun_page *page, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fputs(line, stdout);
    fputs("<pre>", page->file);
    put_escaped(page->file, line);
    fputs("</pre>\n", page->file);
}

void
dryrun_page_picture(struct dryrun_page *page, const char *name)
{
    fprintf(page->file, "<img alt=\"\" src=\"");
    put_escaped(page->file, name);
    fputs("\">\n", page->file);
}

void
dryrun_page_fold(struct dryrun_page *page, const char *heading, const char *text)
{
    fputs("<details><summary>", page->file);
    put_escaped(page->file, heading);
    fputs("</summary><pre>", page->file);
    put_escaped(page->file, text);
    fputs("</pre></details>\n", page->file);
}

void
dryrun_page_end(struct dryrun_page *page, int folder, const char *folder_path)
{
    if (fclose(page->file))
        die_abort("out of memory");
    if (dryrun_folder_save(folder, DRYRUN_PAGE, page->text, page->length))
        fprintf(stderr, "%s/" DRYRUN_PAGE ": %s\n", folder_path, strerror(errno));
    free(page->text);
    free(page);
}
