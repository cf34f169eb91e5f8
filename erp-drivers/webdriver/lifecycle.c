/* A request for a browser is noted before it is sent: from then on a process with our mark may
 * appear on this machine, even if our process dies. A hanging browser blocks its driver; it is
 * killed, and the driver is then asked to clear it away. On another machine no process has our
 * mark, and the driver is the only way. */
#include "erp-drivers/webdriver/lifecycle.h"

#include <string.h>

#include "common/ipc/browser_kill.h"
#include "common/order/reason.h"

#define CLEAN_TRIES 5
#define OPEN_MS 60000
#define END_MS 3000        /* for a driver's answer, if a kill can end what the driver cannot */
#define END_ALONE_MS 10000 /* … if none can */
#define END_KILLED_MS 1000 /* … after a kill: the driver only clears away */
#define KILL_MS 6000

/* --- starting --- */

enum { SESSION, MAIN_WINDOW };

static enum result
failed(struct attempt *a, const struct wire_reply *reply, const char *what)
{
    a->verdict =
        erp_end(&a->outcome, ERP_RETRY, REASON_BROWSER_FAILURE, "%s: %s", what, reply->message);
    a->ended = true;
    a->browser->useless = true;
    return FAILED;
}

static enum result
ask_for_one(struct attempt *a)
{
    struct browser *b = a->browser;

    browser_starting(b);
    *a->cut_off = '\0';
    a->stage = SESSION;
    wire_send(&a->job->request, "POST", b->url, NULL, NULL, browser_capabilities(b));
    a->job->request.fresh = true; /* otherwise a second, unknown one would be opened */
    a->job->request.gate = ERP_GATE_RENEWS;
    a->job->request.what = "browser start";
    a->job->request.timeout_ms = OPEN_MS;
    return SENT;
}

/* A driver that has answered starts nothing more; but what it has started may exist. */
static enum result
not_opened(struct attempt *a, const struct wire_reply *reply)
{
    bool cut = reply->kind == WIRE_CUT;

    a->appears_ms = a->job->now_ms + (cut ? BROWSER_APPEARS_MS : 0);
    failed(a, reply, "cannot start a browser");
    if (cut && !reply->sent)
        browser_forget(a->browser);
    return FAILED;
}

static enum result
opened(struct attempt *a, const struct wire_reply *reply)
{
    const char *id = wire_id(json_object_get(reply->value, "sessionId"));

    if (reply->kind != WIRE_OK || !id)
        return not_opened(a, reply);
    browser_opened(a->browser, id, a->job->now_ms);
    a->browser->orders = 1;
    a->stage = MAIN_WINDOW;
    attempt_send(a, "GET", "window", NULL);
    a->job->request.what = "browser start";
    return SENT;
}

enum result
lifecycle_start(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return ask_for_one(a);
    if (a->stage == SESSION)
        return opened(a, reply);
    if (reply->kind != WIRE_OK || !wire_id(reply->value))
        return failed(a, reply, "the browser has no window");
    a->browser->main_window = mem_string(wire_id(reply->value));
    return DONE;
}

/* --- after an attempt that ended in an unknown state --- */

enum { LIST_WINDOWS, GO_TO_WINDOW, CLOSE_WINDOW, GO_TO_MAIN, BLANK_PAGE, DISMISSED };

static enum result
clean_send(struct attempt *a, int stage, const char *method, const char *command, json_t *body)
{
    a->stage = stage;
    return attempt_send(a, method, command, body);
}

/* Closes a window that is not the main one; *main: the main one exists. */
static const char *
other_window(const struct attempt *a, const json_t *handles, bool *main)
{
    const char *other = NULL;
    const json_t *handle;
    size_t i;

    *main = false;
    json_array_foreach(handles, i, handle)
    {
        const char *text = json_string_value(handle);

        if (text && strcmp(text, a->browser->main_window) == 0)
            *main = true;
        else if (text)
            other = text;
    }
    return other;
}

static enum result
clean_windows(struct attempt *a, const json_t *handles)
{
    bool main;
    const char *other = other_window(a, handles, &main);

    if (!main || (other && a->cleanings++ >= CLEAN_TRIES))
        return FAILED;
    if (other)
        return clean_send(a, GO_TO_WINDOW, "POST", "window", json_pack("{s:s}", "handle", other));
    return clean_send(a, GO_TO_MAIN, "POST", "window",
                      json_pack("{s:s}", "handle", a->browser->main_window));
}

/* Unfinished work is discarded. */
enum result
lifecycle_clean(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return clean_send(a, LIST_WINDOWS, "GET", "window/handles", NULL);
    if (reply->kind == WIRE_DIALOG && a->cleanings++ < CLEAN_TRIES)
        return clean_send(a, DISMISSED, "POST", "alert/dismiss", NULL);
    if (reply->kind != WIRE_OK && a->stage != DISMISSED)
        return FAILED;
    switch (a->stage) {
    case LIST_WINDOWS:
        return clean_windows(a, reply->value);
    case GO_TO_WINDOW:
        return clean_send(a, CLOSE_WINDOW, "DELETE", "window", NULL);
    case GO_TO_MAIN:
        return clean_send(a, BLANK_PAGE, "POST", "url", json_pack("{s:s}", "url", "about:blank"));
    case BLANK_PAGE:
        a->browser->dirty = false;
        return DONE;
    default:
        return clean_send(a, LIST_WINDOWS, "GET", "window/handles", NULL);
    }
}

/* --- ending --- */

enum { KILL, DRIVER };

static enum result
kill_browsers(struct attempt *a, unsigned delay_ms)
{
    a->stage = KILL;
    a->job->request.kind = ERP_KILL_BROWSERS;
    a->job->request.what = "browser kill";
    a->job->request.timeout_ms = KILL_MS;
    a->job->request.delay_ms = delay_ms;
    return SENT;
}

static enum result
ask_driver(struct attempt *a)
{
    const struct ending *ending = &a->ending;
    bool alone = !a->browser->mark || (ending->looked && !ending->ended);

    a->stage = DRIVER;
    attempt_send(a, "DELETE", NULL, NULL);
    a->job->request.what = "browser end";
    a->job->request.timeout_ms = ending->ended ? END_KILLED_MS : alone ? END_ALONE_MS : END_MS;
    return SENT;
}

/* A browser on another machine that may hang stays noted: the next attempt, or the closing job,
 * tries again. */
static enum result
over(struct attempt *a)
{
    if (!a->ending.doubt || a->ending.ended || !a->ended)
        browser_forget(a->browser);
    return DONE;
}

static enum result
begin(struct attempt *a)
{
    const struct browser *b = a->browser;

    a->ending = (struct ending){.looked = false};
    if (!a->appears_ms)
        a->appears_ms = a->job->now_ms + BROWSER_APPEARS_MS;
    if (b->mark && (b->starting || b->useless))
        return kill_browsers(a, 0);
    return b->id ? ask_driver(a) : over(a);
}

static enum result
browsers_killed(struct attempt *a, const struct wire_reply *reply)
{
    struct ending *ending = &a->ending;
    const struct browser *b = a->browser;
    bool unknown = reply->kind == WIRE_CUT;

    ending->ended += reply->ended;
    if ((b->starting || unknown) && !ending->ended && a->job->now_ms < a->appears_ms)
        return kill_browsers(a, BROWSER_KILL_PAUSE_MS);
    ending->looked = true;
    if (b->id && (!ending->asked || (ending->doubt && !ending->ended)))
        return ask_driver(a);
    return over(a);
}

static enum result
driver_asked(struct attempt *a, const struct wire_reply *reply)
{
    struct ending *ending = &a->ending;

    ending->asked = true;
    ending->doubt = reply->kind == WIRE_CUT && reply->sent;
    if (reply->kind != WIRE_OK && a->browser->mark && !ending->looked)
        return kill_browsers(a, 0);
    return over(a);
}

enum result
lifecycle_end(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return begin(a);
    return a->stage == KILL ? browsers_killed(a, reply) : driver_asked(a, reply);
}
