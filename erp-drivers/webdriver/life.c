/* How a browser comes and goes.
 *
 * That one was asked for is noted before the request leaves: from then on a process with our mark
 * may appear on this machine, whoever lives to hear of it. A browser that hangs makes its driver
 * deaf for it; killed, it is the driver's to clear away, which is asked for all the same. On
 * another machine nothing has our mark, and the driver is the only way. */
#include "common/ipc/browser_kill.h"
#include "erp-drivers/webdriver/attempt.h"

#define OPEN_MS 60000
#define END_MS 3000        /* for a driver's answer, where a sweep can end what it can't */
#define END_ALONE_MS 10000 /* … where none can */
#define END_KILLED_MS 1000 /* … where one has: the driver only clears away */
#define SWEEP_MS 6000

/* --- opening --- */

enum { SESSION, MAIN_WINDOW };

static enum result
failed(struct attempt *a, const struct wire_reply *reply, const char *what)
{
    a->verdict = erp_end(&a->outcome, ERP_RETRY, "browser_failure", "%s: %s", what, reply->message);
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
    a->job->request.fresh = true; /* or a second one is opened that nobody knows */
    a->job->request.gate = ERP_GATE_RENEWS;
    a->job->request.what = "browser start";
    a->job->request.timeout_ms = OPEN_MS;
    return SENT;
}

/* A driver that has answered starts nothing any more; but what it has started may be there. */
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
    send_command(a, "GET", "window", NULL);
    a->job->request.what = "browser start";
    return SENT;
}

enum result
life_open(struct attempt *a, const struct wire_reply *reply)
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

/* --- ending --- */

enum { KILL, DRIVER };

bool
life_is_on(const struct browser *b)
{
    return b->id || b->starting;
}

static enum result
kill_browsers(struct attempt *a, unsigned delay_ms)
{
    a->stage = KILL;
    a->job->request.kind = ERP_KILL_BROWSERS;
    a->job->request.what = "browser kill";
    a->job->request.timeout_ms = SWEEP_MS;
    a->job->request.delay_ms = delay_ms;
    return SENT;
}

static enum result
ask_driver(struct attempt *a)
{
    const struct ending *ending = &a->ending;
    bool alone = !a->browser->mark || (ending->looked && !ending->ended);

    a->stage = DRIVER;
    send_command(a, "DELETE", NULL, NULL);
    a->job->request.what = "browser end";
    a->job->request.timeout_ms = ending->ended ? END_KILLED_MS : alone ? END_ALONE_MS : END_MS;
    return SENT;
}

/* One that may hang on another machine stays noted: the next attempt, or the closing job, tries
 * once more. */
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
        return kill_browsers(a, KILL_PAUSE_MS);
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
life_end(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return begin(a);
    return a->stage == KILL ? browsers_killed(a, reply) : driver_asked(a, reply);
}
