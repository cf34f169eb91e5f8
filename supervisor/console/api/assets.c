#include "supervisor/console/api/assets.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/descriptors.h"
#include "common/base/file_read.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/http/route.h"

#define FILE_BYTES_MAX (2u << 20)
#define BUILD_BYTES 17 /* as text */
#define MARK "{build}"

struct bytes {
    char *data;
    size_t length;
};

struct asset {
    char *name;
    struct bytes plain, packed; /* packed.data NULL: there is none */
};

struct assets {
    struct asset items[ASSETS_MAX];
    size_t count;
    char build[BUILD_BYTES];
    char *page; /* index.html with the hash in it */
};

static const char missing[] =
    "The console's web files are not installed: see supervisor/console/README.md.\n";

/* --- reading --- */

static bool
ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);

    return length > tail && strcmp(name + length - tail, end) == 0;
}

static const char *
type_of(const char *name)
{
    static const char *const types[][2] = {{".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".json", "application/json"},
                                           {".svg", "image/svg+xml"},
                                           {".html", "text/html; charset=utf-8"}};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (ends_in(name, types[i][0]))
            return types[i][1];
    return "text/plain; charset=utf-8";
}

/* Not from secret memory, which is dear. */
static int
read_bytes(const char *folder, const char *name, struct bytes *bytes, struct err *err)
{
    char *path = mem_format("%s/%s", folder, name);
    char *text = file_read(path, FILE_BYTES_MAX, &bytes->length, err);

    free(path);
    if (!text)
        return -1;
    bytes->data = mem_alloc(bytes->length + 1);
    memcpy(bytes->data, text, bytes->length);
    secret_free(text);
    return 0;
}

static int
read_one(struct assets *assets, const char *folder, const char *name, struct err *err)
{
    struct asset *asset = &assets->items[assets->count];
    char *packed;

    if (assets->count == ASSETS_MAX)
        return err_set(err, "assets", "%s: more than %d files", folder, ASSETS_MAX);
    assets->count++;
    asset->name = mem_string(name);
    if (read_bytes(folder, name, &asset->plain, err))
        return -1;
    packed = mem_format("%s.gz", name);
    if (read_bytes(folder, packed, &asset->packed, err))
        asset->packed.data = NULL;
    free(packed);
    return 0;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct asset *)a)->name, ((const struct asset *)b)->name);
}

static void
hash_all(struct assets *assets)
{
    crypto_generichash_state state;
    unsigned char hash[crypto_generichash_BYTES_MIN];

    qsort(assets->items, assets->count, sizeof *assets->items, by_name);
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < assets->count; i++) {
        const struct asset *one = &assets->items[i];

        crypto_generichash_update(&state, (unsigned char *)one->name, strlen(one->name) + 1);
        crypto_generichash_update(&state, (unsigned char *)one->plain.data, one->plain.length);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(assets->build, sizeof assets->build, hash, BUILD_BYTES / 2);
}

static const struct asset *
find(const struct assets *assets, const char *name)
{
    for (size_t i = 0; i < assets->count; i++)
        if (strcmp(assets->items[i].name, name) == 0)
            return &assets->items[i];
    return NULL;
}

static void
make_page(struct assets *assets)
{
    const struct asset *index = find(assets, "index.html");
    const char *at = index ? index->plain.data : "", *mark;

    assets->page = mem_string("");
    while ((mark = strstr(at, MARK)) || *at) {
        int length = mark ? (int)(mark - at) : (int)strlen(at);
        char *longer = mem_format("%s%.*s%s", assets->page, length, at, mark ? assets->build : "");

        free(assets->page);
        assets->page = longer;
        at += length + (mark ? (int)strlen(MARK) : 0);
    }
}

struct assets *
assets_load(const char *folder, struct err *err)
{
    struct assets *assets = mem_alloc(sizeof *assets);
    DIR *listing = opendir(folder);
    const struct dirent *entry;
    int result = 0;

    if (!listing)
        log_warning("%s: %s: the console has no pages", folder, strerror(errno));
    while (listing && result == 0 && (entry = readdir(listing)))
        if (*entry->d_name != '.' && !ends_in(entry->d_name, ".gz"))
            result = read_one(assets, folder, entry->d_name, err);
    if (listing)
        closedir(listing);
    if (result) {
        assets_free(assets);
        return NULL;
    }
    hash_all(assets);
    make_page(assets);
    return assets;
}

void
assets_free(struct assets *assets)
{
    for (size_t i = 0; i < assets->count; i++) {
        free(assets->items[i].name);
        free(assets->items[i].plain.data);
        free(assets->items[i].packed.data);
    }
    free(assets->page);
    free(assets);
}

/* --- sending --- */

static void
send_page(struct call *call, void *context)
{
    const struct assets *assets = context;

    /* A browser would keep the page for its "back" together with its event stream, and opens six
     * connections to a server. */
    call_header_add(call, "Cache-Control", "no-store");
    if (*assets->page)
        call_reply_text(call, 200, "text/html; charset=utf-8", assets->page, strlen(assets->page));
    else
        call_reply_text(call, 503, "text/plain; charset=utf-8", missing, sizeof missing - 1);
}

static bool
accepts_gzip(const struct call *call)
{
    const char *accepted = call->fields[CALL_ACCEPT_ENCODING];

    return accepted && strstr(accepted, "gzip") && !strstr(accepted, "gzip;q=0");
}

static void
send_asset(struct call *call, void *context)
{
    const struct assets *assets = context;
    const struct asset *asset = find(assets, call->params[1]);
    const struct bytes *bytes;

    if (!asset || strcmp(call->params[0], assets->build)) {
        call_problem(call, 404, "not_found", NULL, "no such path");
        return;
    }
    bytes = asset->packed.data && accepts_gzip(call) ? &asset->packed : &asset->plain;
    if (bytes == &asset->packed)
        call_header_add(call, "Content-Encoding", "gzip");
    call_header_add(call, "Vary", "Accept-Encoding");
    call_header_add(call, "Cache-Control", "public, max-age=31536000, immutable");
    call_reply_text(call, 200, type_of(asset->name), bytes->data, bytes->length);
}

void
assets_send(const struct assets *assets, struct call *call)
{
    static const struct route routes[] = {
        {.method = "GET", .pattern = "/", .handle = send_page, .query = ROUTE_ANY_QUERY},
        {.method = "GET",
         .pattern = "/a/{build}/{name}",
         .handle = send_asset,
         .query = ROUTE_ANY_QUERY}};

    route_dispatch(routes, sizeof routes / sizeof *routes, call, NULL, (void *)assets);
}
