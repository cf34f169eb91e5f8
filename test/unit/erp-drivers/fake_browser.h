/* A fake browser: it answers WebDriver requests for an ERP page with one form, counts them, and can
 * lose, corrupt or reject the nth request. */
#ifndef TEST_FAKE_BROWSER_H
#define TEST_FAKE_BROWSER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/recipe/recipe.h"
#include "erp-drivers/driver.h"

#define FAKE_PASSWORD "bot-<secret>&\"7351"
#define FAKE_REQUESTS_MAX 2000
#define COMMIT_ACTS 2 /* in fake_recipe: the click and the dialog that it opens */

static const char fake_recipe[] =
    "{\"recipe\": 1, \"timeout_s\": 2, \"settle_s\": 4, \"browser\": {\"recycle_after_orders\": 3,"
    " \"recycle_after_s\": 1000},"
    "\"login\": [{\"goto\": \"/login\"}, {\"type\": \"{credentials.username}\", \"into\": "
    "\"#user\"},"
    " {\"type\": \"{credentials.password}\", \"into\": \"#password\"}, {\"click\": \"#enter\"},"
    " {\"wait\": {\"present\": \"#menu\"}}],"
    "\"lookup\": [{\"call\": \"find\"}],"
    "\"create\": [{\"goto\": \"new\"}, {\"frame\": \"main\"},"
    " {\"type\": \"{order.worksheet}\", \"into\": \"#worksheet\", \"name\": \"the worksheet\"},"
    " {\"type\": \"{order.uniqueid}\", \"into\": \"#note\"},"
    " {\"read\": \"#amount\", \"what\": \"value\", \"number\": {\"decimal\": \",\"}, \"into\": "
    "\"seen\"},"
    " {\"assert\": {\"equal\": [\"{seen}\", \"{order.product_amount}\"], \"as\": \"number\"},"
    "  \"code\": \"amount_refused\", \"words\": \"the page makes {seen} of it\"}],"
    "\"commit\": [{\"click\": \"#save\"}, {\"dialog\": \"accept\", \"contains\": \"Save\"},"
    " {\"wait\": {\"text\": \"Saved\"}}],"
    "\"verify\": [{\"call\": \"find\"}],"
    "\"logout\": [{\"click\": \"#logout\"}],"
    "\"pieces\": {\"find\": [{\"goto\": \"/find?{order.uniqueid|urlencode}\"},"
    " {\"each\": \"tr\", \"where\": {\"text\": {\"of\": \"td\", \"is\": \"{order.uniqueid}\"}}, "
    "\"do\": ["
    "  {\"read\": {\"css\": \"td.nr\", \"in\": \"row\"}, \"into\": \"nr\"},"
    "  {\"read\": {\"css\": \"td.amount\", \"in\": \"row\"}, \"into\": \"found_amount\"},"
    "  {\"found\": {\"reference\": \"L{row}\", \"product_nr\": \"{nr}\", \"amount\": "
    "\"{found_amount}\"}}],"
    "  \"none\": []}]},"
    "\"errors\": [{\"present\": \"#password\", \"code\": \"session_lost\"},"
    " {\"text\": \"wrong password\", \"code\": \"auth_failed\"},"
    " {\"dialog\": \"in use\", \"code\": \"worksheet_locked\"},"
    " {\"text\": \"is closed\", \"code\": \"worksheet_closed\"}]}";

enum fake_way {
    FAKE_WELL,
    FAKE_LOSE,       /* done, but the reply is lost */
    FAKE_UNSENT,     /* not done: connection refused */
    FAKE_NONSENSE,   /* done, but the reply is garbage */
    FAKE_DEAD,       /* not done: the browser has crashed */
    FAKE_STALE,      /* not done: stale element */
    FAKE_IN_THE_WAY, /* not done: a dialog is open */
    FAKE_HANG        /* not done, and no later request is answered */
};

struct fake {
    /* Set by the test. */
    unsigned at; /* which request fails, from 1; 0: none */
    enum fake_way way;
    bool hides_menu;         /* the login does not lead to the menu */
    bool hides_worksheet;    /* the form has changed */
    int rule;                /* index of the error rule that matches; -1: none */
    const char *amount;      /* as shown in the form */
    const char *line_amount; /* as stored by the ERP */
    const char *dialog;      /* text of the dialog before saving */
    const char *session;     /* error reply to a new session; NULL: none */
    bool forgets;            /* accepts the line and does not show it */
    bool refuses;            /* the click is rejected */
    bool hides_lines;        /* stored lines cannot be looked up */
    bool shows_twice;        /* each stored line is shown twice */
    bool shows_other_id;     /* shows an id that may be ours or another */
    bool forgets_rows;       /* a reply without rows, unlike an empty list */
    bool says_no_at_once;    /* the error rule matches on the first check */
    bool says_no_when_saved; /* … once the line is stored, or a click asked for it */
    bool asks_nothing;       /* no dialog opens */
    bool never_confirms;     /* never confirms that the line is stored */
    const char *session_id;  /* NULL: s1 */
    const char *element_id;  /* id of the worksheet's field; NULL: the default */
    bool cuts_off;           /* the reply to the save is lost, and the gate closes */
    bool elsewhere;          /* on another machine, where it cannot be killed */
    unsigned appears_after;  /* number of kills, if the reply to its start is lost */
    /* State. */
    bool open, menu, asking, hangs, armed, cut;
    /* Counters. */
    unsigned requests, sessions, deleted, kills, killed, logins, logouts, saves, commits;
    unsigned left; /* navigations to a blank page */
    int64_t now_ms, delayed_ms;
    /* The current reply. */
    char *body;
};

static inline const char *
fake_element(const char *id)
{
    static char reply[1200];

    snprintf(reply, sizeof reply,
             "{\"ok\":true,\"element\":{\"element-6066-11e4-a52e-4f735466cecf\":\"%s\"}}", id);
    return reply;
}

static inline const char *
fake_no(const char *why)
{
    static char reply[200];

    snprintf(reply, sizeof reply, "{\"ok\":false,\"why\":\"%s\",\"place\":{\"status\":200}}", why);
    return reply;
}

static inline const char *
fake_read(const struct fake *f, const char *css)
{
    static char reply[200];
    const char *value = strcmp(css, "td.nr") == 0       ? "10"
                        : strcmp(css, "td.amount") == 0 ? f->line_amount
                                                        : f->amount;

    snprintf(reply, sizeof reply, "{\"ok\":true,\"value\":\"%s\"}", value);
    return reply;
}

static inline const char *
fake_rule(const struct fake *f)
{
    static char reply[100];

    snprintf(reply, sizeof reply,
             "{\"ok\":false,\"why\":\"\",\"rule\":%d,\"words\":\"it says so\"}", f->rule);
    return reply;
}

static inline bool
fake_asks_for_rule(const struct fake *f, const json_t *question)
{
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(question, "rules"), i, rule)
    {
        if (json_integer_value(json_object_get(rule, "number")) == f->rule)
            return true;
    }
    return false;
}

/* Result of the page's script. */
static inline const char *
fake_answer(struct fake *f, const json_t *question)
{
    const char *op = json_string_value(json_object_get(question, "op"));
    const json_t *locator = json_object_get(question, "locator");
    const char *css = json_string_value(locator);

    if (!css)
        css = json_string_value(json_object_get(locator, "css"));
    if ((f->says_no_at_once || (f->says_no_when_saved && (f->saves || f->asking))) &&
        strcmp(op, "rules") && fake_asks_for_rule(f, question))
        return fake_rule(f);
    if (strcmp(op, "frame") == 0)
        return fake_element("main");
    if (strcmp(op, "source") == 0)
        return "{\"ok\":true,\"value\":\"<html>bot-<secret>&\\\"7351 "
               "bot-&lt;secret&gt;&amp;&quot;7351 bot-<secret>&\\\\\\\"7351 "
               "bot-%3Csecret%3E%26%227351 bot-&lt;secret&gt;&amp;\\\"7351 "
               "bot-<secret>&amp;&quot;7351</html>\"}";
    if (strcmp(op, "read") == 0)
        return fake_read(f, css);
    if (strcmp(op, "condition") == 0 && f->never_confirms &&
        json_object_get(json_object_get(question, "condition"), "text"))
        return fake_no("Saved is not there");
    if (strcmp(op, "condition") == 0)
        return f->hides_menu && !f->menu ? fake_no("#menu is not there") : "{\"ok\":true}";
    if (strcmp(op, "rows") == 0)
        assert_false(f->armed || f->cut);                         /* a look-up must reach the ERP */
    if (strcmp(op, "rows") == 0 && css && strcmp(css, "li") == 0) /* each row has one */
        return "{\"ok\":true,\"rows\":[1],\"elements\":[{\"element-6066-11e4-a52e-4f735466cecf\":"
               "\"li\"}]}";
    if (strcmp(op, "rows") == 0 && f->forgets_rows)
        return "{\"ok\":true}";
    if (strcmp(op, "rows") == 0 && f->shows_other_id)
        return "{\"ok\":true,\"rows\":[],\"elements\":[],\"doubt\":\"td holds u 1\"}";
    if (strcmp(op, "rows") == 0 && f->shows_twice && f->saves)
        return "{\"ok\":true,\"rows\":[3,4],\"elements\":[{\"element-6066-11e4-a52e-"
               "4f735466cecf\":\"row3\"},{\"element-6066-11e4-a52e-4f735466cecf\":\"row4\"}]}";
    if (strcmp(op, "rows") == 0 && f->hides_lines && f->saves)
        return fake_no("the list is not there");
    if (strcmp(op, "rows") == 0)
        return f->saves && !f->forgets
                   ? "{\"ok\":true,\"rows\":[3],\"elements\":[{\"element-6066-11e4-a52e-"
                     "4f735466cecf\":\"row\"}]}"
                   : "{\"ok\":true,\"rows\":[],\"elements\":[]}";
    if (strcmp(op, "rules") == 0)
        return fake_asks_for_rule(f, question) ? fake_rule(f) : fake_no("");
    if (f->hides_worksheet && strcmp(css, "#worksheet") == 0)
        return fake_no("#worksheet is not there");
    if (f->element_id && strcmp(css, "#worksheet") == 0)
        return fake_element(f->element_id);
    return fake_element(css + (*css == '#'));
}

static inline bool
ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);

    return length >= size && strcmp(text + length - size, end) == 0;
}

/* Any id must be exactly one segment of the path. */
static inline void
fake_check_url(const char *url)
{
    assert_int_equal(strspn(url + strlen("http:"), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstu"
                                                   "vwxyz0123456789-._~/:%"),
                     strlen(url) - strlen("http:"));
    assert_null(strstr(url, "/../"));
    assert_null(strstr(url, "/./"));
    assert_null(strstr(url + strlen("http://"), "//"));
    assert_true(strlen(url) < 2000);
}

/* http://…/session/ID */
static inline bool
fake_is_session(const char *url)
{
    const char *id = strstr(url, "/session/");

    return id && !strchr(id + strlen("/session/"), '/');
}

/* Executes a request and returns its value as JSON. */
static inline const char *
fake_do(struct fake *f, const struct erp_request *request)
{
    const char *url = request->url;
    json_t *body = request->body ? json_loads(request->body, 0, NULL) : NULL;
    const char *value = "null";
    static char opened[1200];

    fake_check_url(url);
    if (ends_with(url, "/session")) {
        assert_false(f->open); /* one browser per workshop */
        f->open = true;
        f->menu = false;
        f->sessions++;
        snprintf(opened, sizeof opened, "{\"sessionId\":\"%s\",\"capabilities\":{}}",
                 f->session_id ? f->session_id : "s1");
        value = f->session ? f->session : opened;
    } else if (strcmp(request->method, "DELETE") == 0 && fake_is_session(url)) {
        f->deleted += f->open;
        f->open = false;
    } else if (ends_with(url, "/url") && strstr(request->body, "about:blank")) {
        f->left++;
    } else if (ends_with(url, "/window/handles")) {
        value = "[\"w1\"]";
    } else if (ends_with(url, "/window") && strcmp(request->method, "GET") == 0) {
        value = "\"w1\"";
    } else if (ends_with(url, "/enter/click")) {
        f->logins++;
        f->menu = !f->hides_menu;
    } else if (ends_with(url, "/logout/click")) {
        f->logouts++;
    } else if (ends_with(url, "/save/click")) {
        f->asking = true;
    } else if (ends_with(url, "/alert/text")) {
        static char text[100];

        snprintf(text, sizeof text, "\"%s\"", f->dialog);
        value = text;
    } else if (ends_with(url, "/alert/accept")) {
        f->saves += f->asking && !f->refuses;
        f->asking = false;
        f->cut |= f->cuts_off && f->armed;
    } else if (ends_with(url, "/screenshot")) {
        value = "\"iVBORw0KGgo=\"";
    } else if (ends_with(url, "/execute/sync")) {
        value = fake_answer(f, json_array_get(json_object_get(body, "args"), 0));
    }
    json_decref(body);
    return value;
}

static inline void
fake_say(struct fake *f, struct erp_reply *reply, int status, const char *value)
{
    free(f->body);
    f->body = mem_format("{\"value\":%s}", value);
    *reply = (struct erp_reply){.sent = true,
                                .complete = true,
                                .status = status,
                                .body = f->body,
                                .body_length = strlen(f->body)};
}

static inline void
fake_go_wrong(struct fake *f, const struct erp_request *request, struct erp_reply *reply)
{
    static const char *const errors[] = {
        [FAKE_DEAD] = "{\"error\":\"invalid session id\",\"message\":\"it has crashed\"}",
        [FAKE_STALE] = "{\"error\":\"stale element reference\",\"message\":\"not there\"}",
        [FAKE_IN_THE_WAY] = "{\"error\":\"unexpected alert open\",\"message\":\"\",\"data\":"
                            "{\"text\":\"in use by Ann\"}}"};

    if (f->way == FAKE_LOSE || f->way == FAKE_NONSENSE)
        fake_do(f, request);
    if (f->way == FAKE_DEAD)
        f->open = false;
    if (f->way == FAKE_NONSENSE) {
        fake_say(f, reply, 200, "[[\"\"");
    } else if (f->way == FAKE_LOSE || f->way == FAKE_UNSENT) {
        *reply = (struct erp_reply){.sent = f->way == FAKE_LOSE};
    } else {
        fake_say(f, reply, 404, errors[f->way]);
    }
}

static inline void
fake_kill(struct fake *f, struct erp_reply *reply)
{
    bool found = f->open && !f->elsewhere && f->kills >= f->appears_after;

    f->kills++;
    f->killed += found;
    if (found)
        f->open = f->hangs = false;
    *reply =
        (struct erp_reply){.sent = true, .complete = true, .status = 200, .ended = found ? 1 : 0};
}

/* The request times out, but the browser has started. */
static inline void
fake_hang(struct fake *f, const struct erp_request *request, struct erp_reply *reply)
{
    f->open = true;
    assert_int_not_equal(request->timeout_ms, 0);
    f->now_ms += request->timeout_ms;
    *reply = (struct erp_reply){.sent = true};
}

static inline void
fake_gate(struct fake *f, const struct erp_request *request)
{
    if (request->commits)
        f->armed = true;
    else if (request->gate != ERP_GATE_STAYS)
        f->armed = false;
    if (request->gate == ERP_GATE_RENEWS)
        f->cut = false;
}

static inline void
fake_reply(struct fake *f, const struct erp_request *request, struct erp_reply *reply)
{
    bool at = ++f->requests == f->at;

    fake_gate(f, request);
    f->commits += request->commits;
    f->now_ms += 1 + request->delay_ms;
    f->delayed_ms += request->delay_ms;
    if (f->requests >= FAKE_REQUESTS_MAX)
        fail_msg("it goes on for ever");
    if (at && f->way == FAKE_HANG)
        f->hangs = true;
    if (request->kind == ERP_KILL_BROWSERS)
        fake_kill(f, reply);
    else if (f->hangs)
        fake_hang(f, request, reply);
    else if (at)
        fake_go_wrong(f, request, reply);
    else if (f->asks_nothing && ends_with(request->url, "/alert/text"))
        fake_say(f, reply, 404, "{\"error\":\"no such alert\",\"message\":\"\"}");
    else
        fake_say(f, reply, 200, fake_do(f, request));
    reply->cut_off = f->cut ? "the ERP closed the connection" : NULL;
}

#endif
