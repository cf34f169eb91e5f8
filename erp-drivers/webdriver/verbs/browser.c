/* The verbs of pages, frames, windows, dialogs and scripts. */
#include "erp-drivers/webdriver/verbs/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erp-drivers/webdriver/page.h"
#include "erp-drivers/webdriver/values.h"

#define PAGE_LOAD_EXTRA_MS 10000

/* --- pages --- */

/* Relative to erp.url. The caller frees it. */
static char *
absolute_url(const char *base, const char *url)
{
    const char *host = strstr(base, "://"), *path = host ? strchr(host + 3, '/') : NULL;
    const char *last = path ? strrchr(path, '/') : NULL;

    if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
        return mem_string(url);
    if (!path)
        return mem_format("%s%s%s", base, *url == '/' ? "" : "/", url);
    if (*url == '/')
        return mem_format("%.*s%s", (int)(path - base), base, url);
    if (*url == '#' || *url == '?')
        return mem_format("%s%s", base, url);
    return mem_format("%.*s%s", (int)(last + 1 - base), base, url);
}

enum result
verb_goto(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *browser = json_object_get(a->browser->recipe, "browser");
    unsigned load_ms = 1000 * (unsigned)recipe_number(browser, "page_load_s", RECIPE_PAGE_LOAD_S);
    enum result result;
    char *text, *url;

    if (reply) {
        result = attempt_acted(a, reply);
        if (result == DONE)
            attempt_enter_window(a, a->window);
        return result;
    }
    text = values_text(a, member(a, "goto"));
    if (!text)
        return FAILED;
    url = absolute_url(a->browser->erp_url, text);
    result = attempt_act(a, "POST", mem_string("url"), json_pack("{s:s}", "url", url));
    if (a->job->request.timeout_ms < load_ms + PAGE_LOAD_EXTRA_MS)
        a->job->request.timeout_ms = load_ms + PAGE_LOAD_EXTRA_MS;
    free(url);
    template_free(text);
    return result;
}

/* --- frames and windows --- */

enum result
verb_frame(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *frame = member(a, "frame");
    const char *name = json_string_value(frame);
    json_t *path;

    (void)reply;
    if (a->step.holds) /* they are entered */
        return DONE;
    path = name && strcmp(name, "top") == 0 ? json_array() : values_resolve(a, frame);
    if (!path)
        return FAILED;
    json_decref(a->frames);
    a->frames = json_is_array(path) ? path : json_pack("[o]", path);
    a->frames_lost = true;
    a->step.holds = true;
    return AGAIN;
}

static enum result
send_window(struct attempt *a, const char *handle)
{
    return attempt_send(a, "POST", "window", json_pack("{s:s}", "handle", handle));
}

enum { LIST_WINDOWS, CHOOSE_WINDOW, LOAD_WINDOW };

/* A window that is neither the main nor the current one. */
static enum result
take_new_window(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *handle;
    const char *found = NULL;
    size_t i;

    json_array_foreach(reply->value, i, handle)
    {
        const char *text = json_string_value(handle);

        if (text && strcmp(text, a->browser->main_window) &&
            (!a->window || strcmp(text, a->window)))
            found = text;
    }
    if (!found)
        return attempt_again(a, "no new window has opened");
    free(a->step.element);
    a->step.element = mem_string(found);
    a->step.stage = CHOOSE_WINDOW;
    return send_window(a, found);
}

/* It opens as an empty document; its own page replaces that a little later. A window that stays
 * empty is entered too. */
#define NEW_WINDOW_MS 5000

static const char window_has_loaded[] =
    "return document.readyState !== 'loading' && location.href !== 'about:blank'";

static enum result
enter_new_window(struct attempt *a, const struct wire_reply *reply)
{
    int64_t until_ms = a->step.began_ms + NEW_WINDOW_MS;

    if (reply->kind == WIRE_OK && !json_is_true(reply->value) && a->job->now_ms < until_ms &&
        a->job->now_ms < a->step.deadline_ms)
        return attempt_again(a, "the new window has not loaded");
    attempt_enter_window(a, a->step.element);
    return DONE;
}

static enum result
new_window(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return attempt_send(a, "GET", "window/handles", NULL);
    /* A dialog can open while the page loads: the next step may answer it. */
    if (reply->kind != WIRE_OK && (a->step.stage != LOAD_WINDOW || reply->kind != WIRE_DIALOG))
        return attempt_take_error(a, reply);
    switch (a->step.stage) {
    case LIST_WINDOWS:
        return take_new_window(a, reply);
    case CHOOSE_WINDOW:
        a->step.stage = LOAD_WINDOW;
        return attempt_send(a, "POST", "execute/sync",
                            json_pack("{s:s, s:[]}", "script", window_has_loaded, "args"));
    default:
        return enter_new_window(a, reply);
    }
}

static enum result
main_window(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return send_window(a, a->browser->main_window);
    if (reply->kind != WIRE_OK)
        return attempt_take_error(a, reply);
    attempt_enter_window(a, NULL);
    return DONE;
}

static enum result
close_window(struct attempt *a, const struct wire_reply *reply)
{
    if (!a->window)
        return attempt_fail(a, NULL, "cannot close the main window");
    if (!reply)
        return attempt_send(a, "DELETE", "window", NULL);
    if (a->step.stage == 1)
        return main_window(a, reply);
    /* A window that has closed itself need not be closed. */
    if (reply->kind != WIRE_OK && reply->kind != WIRE_NO_WINDOW)
        return attempt_take_error(a, reply);
    a->step.stage = 1;
    return send_window(a, a->browser->main_window);
}

enum result
verb_window(struct attempt *a, const struct wire_reply *reply)
{
    const char *word = json_string_value(member(a, "window"));

    if (strcmp(word, "new") == 0)
        return new_window(a, reply);
    return strcmp(word, "main") == 0 ? main_window(a, reply) : close_window(a, reply);
}

/* --- dialogs --- */

static const char no_dialog[] = "no dialog is open";

enum { READ_DIALOG, LOOK_FOR_NO, TYPE_INTO_DIALOG, ANSWER_DIALOG };

static enum result
answer_dialog(struct attempt *a)
{
    a->step.stage = ANSWER_DIALOG;
    return attempt_act(a, "POST", mem_format("alert/%s", json_string_value(member(a, "dialog"))),
                       NULL);
}

static enum result
type_into_dialog(struct attempt *a)
{
    char *text = values_text(a, member(a, "type"));
    enum result result;

    if (!text)
        return FAILED;
    a->step.stage = TYPE_INTO_DIALOG;
    result = attempt_act(a, "POST", mem_string("alert/text"), json_pack("{s:s}", "text", text));
    template_free(text);
    return result;
}

static enum result
take_dialog(struct attempt *a, const struct wire_reply *reply)
{
    const char *said = json_string_value(reply->value);
    char *wanted = member(a, "contains") ? values_text(a, member(a, "contains")) : mem_string("");
    bool right = wanted && said && strstr(said, wanted);

    template_free(wanted);
    if (!wanted)
        return FAILED;
    if (!right) {
        a->failure.dialog_open = true;
        text_copy(a->failure.dialog, sizeof a->failure.dialog, said ? said : "");
        text_clean(a->failure.dialog);
        return attempt_fail(a, NULL, "the dialog says \"%s\"", a->failure.dialog);
    }
    return member(a, "type") ? type_into_dialog(a) : answer_dialog(a);
}

/* An error rule may hold instead. */
enum result
verb_dialog(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return attempt_send(a, "GET", "alert/text", NULL);
    if (a->step.stage == ANSWER_DIALOG)
        return attempt_acted(a, reply);
    if (a->step.stage == LOOK_FOR_NO)
        return reply->kind == WIRE_DIALOG ? attempt_again(a, no_dialog) : page_take_yes(a, reply);
    if (reply->kind == WIRE_NO_DIALOG && a->step.stage == READ_DIALOG) {
        a->step.stage = LOOK_FOR_NO;
        return page_ask_rules(a, no_dialog);
    }
    if (reply->kind != WIRE_OK)
        return attempt_take_error(a, reply);
    return a->step.stage == TYPE_INTO_DIALOG ? answer_dialog(a) : take_dialog(a, reply);
}

/* --- scripts --- */

/* If our frame is gone, a driver silently runs the script in the top document. */
static const char script_before[] =
    "for (var depth = 0, frame = window; frame !== frame.parent; frame = frame.parent) depth++;\n"
    "if (depth !== arguments[0]) return {pumplineLost: true};\n"
    "return {value: (function () {\n";
static const char script_behind[] = "\n}).apply(null, Array.prototype.slice.call(arguments, 1))};";

static enum result
send_script(struct attempt *a)
{
    const json_t *given = member(a, "args");
    json_t *args = given ? values_resolve(a, given) : json_array();
    char *script;

    if (!args)
        return FAILED;
    json_array_insert_new(args, 0, json_integer((json_int_t)a->entered));
    script =
        mem_format("%s%s%s", script_before, json_string_value(member(a, "script")), script_behind);
    a->step.stage = 1;
    attempt_act(a, "POST", mem_string("execute/sync"),
                json_pack("{s:s s:o}", "script", script, "args", args));
    free(script);
    return SENT;
}

static void
keep_value(struct attempt *a, const json_t *value)
{
    const char *into = json_string_value(member(a, "into"));
    char *text;

    if (!into)
        return;
    if (json_is_string(value)) {
        values_set(a, into, json_string_value(value));
        return;
    }
    text = value && !json_is_null(value)
               ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
               : mem_string("");
    values_set(a, into, text ? text : "");
    free(text);
}

enum result
verb_script(struct attempt *a, const struct wire_reply *reply)
{
    static const struct wire_reply lost = {.kind = WIRE_AGAIN, .message = "its frame is gone"};
    enum result result;

    if (!reply)
        return send_script(a);
    if (json_is_true(json_object_get(reply->value, "pumplineLost"))) {
        a->frames_lost = true;
        return attempt_take_error(a, &lost);
    }
    result = attempt_acted(a, reply);
    if (result == DONE && reply->kind == WIRE_OK)
        keep_value(a, json_object_get(reply->value, "value"));
    return result;
}
