/* What a trial hears and sees of an attempt. A worker's attempts tell nobody. */
#include <stdlib.h>
#include <string.h>

#include "erp-drivers/webdriver/attempt.h"

#define LABEL_BYTES 256
#define PICTURE_EXTRA_MS 10000

static void
tell(const struct attempt *a, const struct webdriver_event *event)
{
    struct webdriver_event now = *event;

    now.now_ms = a->job->now_ms;
    a->browser->tell(&now, a->browser->tell_arg);
}

void
trace_begins(const struct attempt *a)
{
    char label[LABEL_BYTES];

    if (!a->browser->tell)
        return;
    run_label(a, label, sizeof label);
    tell(a, &(struct webdriver_event){.kind = WEBDRIVER_BEGINS, .name = label, .message = ""});
}

/* A script can read a password from the page, and one of a letter or two is no less one. */
static char *
masked(const struct attempt *a, const char *value)
{
    const char *password = a->job->auth ? a->job->auth->password : "";
    char *copy;

    if (*password && strstr(value, password))
        return mem_string("********");
    copy = mem_string(value);
    evidence_mask(copy, password);
    text_clean(copy);
    return copy;
}

void
trace_sets(const struct attempt *a, const char *name, const char *value)
{
    char *message;

    if (!a->browser->tell)
        return;
    message = masked(a, value);
    tell(a, &(struct webdriver_event){.kind = WEBDRIVER_SETS, .name = name, .message = message});
    template_free(message);
}

void
trace_ends(const struct attempt *a, enum result result)
{
    bool asks = a->step.verb &&
                (strcmp(a->step.verb, "when") == 0 || strcmp(a->step.verb, "unchanged") == 0);
    bool otherwise = asks && !a->step.holds;
    char *message;

    if (!a->browser->tell)
        return;
    message = masked(a, result == FAILED ? a->failure.message : otherwise ? a->step.why : "");
    tell(a, &(struct webdriver_event){.kind = WEBDRIVER_ENDS, .name = "", .message = message});
    template_free(message);
}

void
trace_fails(const struct attempt *a)
{
    char label[LABEL_BYTES];

    if (!a->browser->tell)
        return;
    run_label(a, label, sizeof label);
    tell(a, &(struct webdriver_event){
                .kind = WEBDRIVER_FAILS, .name = label, .message = a->failure.message});
}

void
trace_renews(const struct attempt *a)
{
    if (a->browser->tell)
        tell(a, &(struct webdriver_event){
                    .kind = WEBDRIVER_RENEWS, .name = "", .message = a->failure.message});
}

void
webdriver_trace(void *session, webdriver_tell *tell_function, void *arg)
{
    struct browser *b = session;

    b->tell = tell_function;
    b->tell_arg = arg;
}

bool
webdriver_asks(const struct erp_job *job)
{
    const struct attempt *a = job->state;

    return a && a->step.asking;
}

bool
webdriver_picture(void *session, struct erp_request *request)
{
    const struct browser *b = session;
    const json_t *limits = json_object_get(b->recipe, "browser");
    unsigned load_s = (unsigned)recipe_number(limits, "page_load_s", RECIPE_PAGE_LOAD_S);

    if (!b->id)
        return false;
    wire_send(request, "GET", b->url, b->id, "screenshot", NULL);
    request->what = "picture";
    /* Given up earlier it would go on in the driver, and hold up what comes next. */
    request->timeout_ms = 1000 * load_s + PICTURE_EXTRA_MS;
    return true;
}

static void
say_no_picture(const struct wire_reply *wire, char *message, size_t size)
{
    if (wire->kind == WIRE_DIALOG)
        text_copy(message, size, "a dialog is open");
    else if (wire->kind == WIRE_NO_WINDOW)
        text_copy(message, size, "the window has closed");
    else if (wire->kind == WIRE_SLOW)
        text_copy(message, size, "the page did not load in time");
    else if (wire->kind == WIRE_CUT && wire->sent)
        text_copy(message, size, "the browser does not answer");
    else
        text_copy(message, size,
                  *wire->message ? wire->message : "the WebDriver server's answer is not an image");
}

char *
webdriver_picture_take(const struct erp_reply *reply, size_t *length, char *message, size_t size)
{
    struct wire_reply wire;
    char *bytes;

    wire_read(reply, &wire);
    bytes = wire.kind == WIRE_OK ? evidence_png(wire.value, length) : NULL;
    if (!bytes)
        say_no_picture(&wire, message, size);
    wire_clear(&wire);
    return bytes;
}
