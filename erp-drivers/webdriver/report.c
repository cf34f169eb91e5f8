/* Evidence is a screenshot and a page's source without the password. Only dry runs report their
 * steps. */
#include "erp-drivers/webdriver/report.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/json/mask.h"
#include "erp-drivers/webdriver/dryrun.h"

#define SOURCE_BYTES_MAX (1u << 20)
#define LABEL_BYTES 256
#define PICTURE_EXTRA_MS 10000

/* --- evidence --- */

/* The PNG's bytes of a reply's value; the caller frees them. NULL: not a PNG. */
static char *
decode_png(const json_t *value, size_t *length)
{
    size_t size = json_string_length(value);
    char *bytes = mem_alloc(size + 1);

    if (size && sodium_base642bin((unsigned char *)bytes, size, json_string_value(value), size,
                                  NULL, length, NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
        bytes[*length] = '\0';
        return bytes;
    }
    free(bytes);
    return NULL;
}

void
report_picture(struct attempt *a, const json_t *value)
{
    size_t length;
    char *bytes = decode_png(value, &length);

    if (bytes)
        erp_outcome_evidence(&a->outcome, "png", bytes, length);
}

void
report_source(struct attempt *a, const json_t *value)
{
    const char *text = json_string_value(value);
    char *source, *cut;

    if (!text)
        return;
    source = mem_string(text);
    if (a->job->auth)
        mask_password(source, a->job->auth->password);
    cut = mem_alloc(SOURCE_BYTES_MAX + 1);
    text_copy(cut, SOURCE_BYTES_MAX + 1, source);
    template_free(source);
    erp_outcome_evidence(&a->outcome, "html", cut, strlen(cut));
}

/* --- the events of a dry run --- */

static void
tell(const struct attempt *a, const struct webdriver_event *event)
{
    struct webdriver_event now = *event;

    now.now_ms = a->job->now_ms;
    a->browser->tell(&now, a->browser->tell_arg);
}

void
report_begins(const struct attempt *a)
{
    char label[LABEL_BYTES];

    if (!a->browser->tell)
        return;
    attempt_label(a, label, sizeof label);
    tell(a, &(struct webdriver_event){.kind = WEBDRIVER_BEGINS, .name = label, .message = ""});
}

/* A script can read a password from the page, even one of a letter or two. */
static char *
masked(const struct attempt *a, const char *value)
{
    const char *password = a->job->auth ? a->job->auth->password : "";
    char *copy;

    if (*password && strstr(value, password))
        return mem_string("********");
    copy = mem_string(value);
    mask_password(copy, password);
    text_clean(copy);
    return copy;
}

void
report_sets(const struct attempt *a, const char *name, const char *value)
{
    char *message;

    if (!a->browser->tell)
        return;
    message = masked(a, value);
    tell(a, &(struct webdriver_event){.kind = WEBDRIVER_SETS, .name = name, .message = message});
    template_free(message);
}

void
report_ends(const struct attempt *a, enum result result)
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
report_fails(const struct attempt *a)
{
    char label[LABEL_BYTES];

    if (!a->browser->tell)
        return;
    attempt_label(a, label, sizeof label);
    tell(a, &(struct webdriver_event){
                .kind = WEBDRIVER_FAILS, .name = label, .message = a->failure.message});
}

void
report_renews(const struct attempt *a)
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

/* --- the screenshots of a dry run --- */

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
    /* If given up earlier, it would go on in the driver and delay the next command. */
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
    bytes = wire.kind == WIRE_OK ? decode_png(wire.value, length) : NULL;
    if (!bytes)
        say_no_picture(&wire, message, size);
    wire_clear(&wire);
    return bytes;
}
