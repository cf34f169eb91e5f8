/* Lists that the daemon gives in pages. */
#include <stdint.h>
#include <stdlib.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"

enum { PAGE_ORDERS = 100 };

/* "REST?…limit=N&after=CURSOR" below the workshop, or over all where none is named. rest ends in
 * the
 * '?' or '&' before it. */
static char *
page_path(const struct ctl *ctl, const char *rest, size_t limit, const char *after)
{
    char *cursor = after ? client_encode(after) : NULL;
    char *query =
        mem_format("%slimit=%zu%s%s", rest, limit, cursor ? "&after=" : "", cursor ? cursor : "");
    char *path = ctl->args_count ? ctl_path(ctl, query) : mem_format("/%s", query);

    free(query);
    free(cursor);
    return path;
}

/* A workshop may become one that cannot be asked between two pages. */
static void
add_incomplete(json_t *whole, const json_t *page)
{
    json_t *all = json_object_get(whole, "incomplete"), *slug, *known;
    size_t i, k;

    json_array_foreach(json_object_get(page, "incomplete"), i, slug)
    {
        json_array_foreach(all, k, known)
        {
            if (json_equal(known, slug))
                break;
        }
        if (k == json_array_size(all))
            json_array_append(all, slug);
    }
}

/* Appends page, which it takes over, to *whole. False if there is nothing more to request: no
 * cursor, or a page without progress, which would loop for ever. A long search gives pages without
 * orders. */
static bool
pages_append(json_t **whole, json_t *page, const char *list)
{
    json_t *orders = json_object_get(page, list), *next = json_object_get(page, "next");
    bool more = json_is_string(next) && !json_equal(next, json_object_get(*whole, "next"));

    if (!*whole) {
        *whole = page;
        return more;
    }
    json_array_extend(json_object_get(*whole, list), orders);
    add_incomplete(*whole, page);
    json_object_set_new(*whole, "next", next ? json_incref(next) : json_null());
    json_decref(page);
    return more;
}

int
ctl_pages(struct ctl *ctl, const char *rest, const char *list, size_t most, json_t **whole)
{
    const char *limit = ctl->options[OPTION_LIMIT];
    size_t left = limit ? strtoul(limit, NULL, 10) : most;
    bool more = true;

    for (*whole = NULL; more && left > 0;) {
        const char *after = json_string_value(json_object_get(*whole, "next"));
        size_t wanted = left < PAGE_ORDERS ? left : PAGE_ORDERS;
        json_t *page;
        int result = ctl_call(ctl, "GET", page_path(ctl, rest, wanted, after), NULL, &page);

        if (result != CTL_OK) {
            json_decref(*whole);
            return result;
        }
        size_t got = json_array_size(json_object_get(page, list));

        left -= got < left ? got : left;
        more = pages_append(whole, page, list);
    }
    return CTL_OK;
}
