/* The verbs that act. Each finds what it acts on first; what it then sends is never repeated once
 * the line may have been stored: send_act and take_trouble see to that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/call.h"
#include "erp-drivers/webdriver/steps.h"

#define PAGE_LOAD_EXTRA_MS 10000

static const json_t *
member(const struct attempt *a, const char *name)
{
    return json_object_get(a->step.json, name);
}

/* What was done is done, also where it closed the window that it was done in. */
static enum result
act_done(struct attempt *a, const struct wire_reply *reply)
{
    if (reply->kind == WIRE_NO_WINDOW && a->window) {
        a->failure.window_closed = true;
        return DONE;
    }
    return reply->kind == WIRE_OK ? DONE : take_trouble(a, reply);
}

/* POST element/ELEMENT/COMMAND */
static enum result
act_on_element(struct attempt *a, const char *command, json_t *body)
{
    char *id = percent_encode(a->step.element), *path = mem_format("element/%s/%s", id, command);

    free(id);
    return send_act(a, "POST", path, body);
}

/* Stage 0 of an act: finds the element. DONE: it is found, and the stage is 1. */
static enum result
find_first(struct attempt *a, const struct wire_reply *reply, const json_t *locator,
           const char *need)
{
    enum result result;

    if (!reply)
        return ask_element(a, locator, need);
    result = ask_found(a, reply);
    if (result == DONE) {
        const char *page = json_string_value(json_object_get(reply->value, "page"));

        text_copy(a->step.page, sizeof a->step.page, page ? page : "");
        a->step.stage = 1;
    }
    return result;
}

/* --- what leads to another page --- */

#define LEAVING 9 /* a stage: nothing of what was done is done again */

static enum result
ask_left(struct attempt *a)
{
    a->step.stage = LEAVING;
    return ask_plainly(a, "condition", json_pack("{s:{s:s}}", "condition", "left", a->step.page));
}

/* The last stage of an act: where the recipe says that it navigates, what was acted on must be gone
 * with its page, before the old page is taken for the answer. */
static enum result
act_left(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (!reply)
        return ask_left(a);
    if (a->step.stage != LEAVING) {
        result = act_done(a, reply);
        return result == DONE && json_is_true(member(a, "navigates")) ? ask_left(a) : result;
    }
    if ((reply->kind == WIRE_NO_WINDOW && a->window) ||
        (reply->kind == WIRE_OK && json_is_true(json_object_get(reply->value, "lost"))))
        return DONE; /* with its window or its frame */
    result = ask_until(a, reply);
    if (result == AGAIN)
        a->step.stage = LEAVING;
    return result;
}

/* --- pages --- */

/* As a page at erp.url would mean it. The caller frees it. */
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
do_goto(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *browser = json_object_get(a->browser->recipe, "browser");
    unsigned load_ms = 1000 * (unsigned)recipe_number(browser, "page_load_s", RECIPE_PAGE_LOAD_S);
    enum result result;
    char *text, *url;

    if (reply) {
        result = act_done(a, reply);
        if (result == DONE)
            run_enter_window(a, a->window);
        return result;
    }
    text = ask_text(a, member(a, "goto"));
    if (!text)
        return FAILED;
    url = absolute_url(a->browser->erp_url, text);
    result = send_act(a, "POST", mem_string("url"), json_pack("{s:s}", "url", url));
    if (a->job->request.timeout_ms < load_ms + PAGE_LOAD_EXTRA_MS)
        a->job->request.timeout_ms = load_ms + PAGE_LOAD_EXTRA_MS;
    free(url);
    template_free(text);
    return result;
}

/* --- the mouse --- */

enum result
do_click(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (a->step.stage)
        return act_left(a, reply);
    result = find_first(a, reply, member(a, "click"), "click");
    return result == DONE ? act_on_element(a, "click", NULL) : result;
}

enum result
do_check(struct attempt *a, const struct wire_reply *reply)
{
    bool on = !json_is_false(member(a, "on"));
    enum result result;

    if (a->step.stage)
        return act_done(a, reply);
    result = find_first(a, reply, member(a, "check"), "click");
    if (result != DONE || json_is_true(json_object_get(reply->value, "checked")) == on)
        return result;
    return act_on_element(a, "click", NULL);
}

static enum result
send_option(struct attempt *a)
{
    const char *by = json_string_value(member(a, "by"));
    json_t *locator = ask_resolve(a, member(a, "in"));
    char *option = locator ? ask_text(a, member(a, "select")) : NULL;
    json_t *question = NULL;

    if (option)
        question = json_pack("{s:O s:s s:s s:s}", "locator", locator, "option", option, "need",
                             "enabled", "by", by ? by : "text");
    json_decref(locator);
    template_free(option);
    return ask(a, "option", question);
}

enum result
do_select(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (a->step.stage)
        return act_done(a, reply);
    if (!reply)
        return send_option(a);
    result = ask_found(a, reply);
    if (result != DONE || json_is_true(json_object_get(reply->value, "checked")))
        return result;
    a->step.stage = 1;
    return act_on_element(a, "click", NULL);
}

/* --- the keyboard --- */

/* WebDriver takes some code points for keys: a foreign text must not press any. */
static bool
has_keys(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)text[0] == 0xee && (unsigned char)text[1] >= 0x80 &&
            (unsigned char)text[1] <= 0x83)
            return true;
    return false;
}

static enum result
send_text(struct attempt *a)
{
    char *text = ask_text(a, member(a, "type"));
    enum result result = DONE;

    if (!text)
        return FAILED;
    if (strstr(json_string_value(member(a, "type")), "{credentials.password}"))
        a->password_typed = true;
    if (has_keys(text))
        result = fail_with(a, "erp_rejected", "cannot type the text: it contains special keys");
    else if (*text)
        result = act_on_element(a, "value", json_pack("{s:s}", "text", text));
    template_free(text);
    return result;
}

enum result
do_type(struct attempt *a, const struct wire_reply *reply)
{
    bool clear = !json_is_false(member(a, "clear"));
    enum result result;

    if (a->step.stage == 0) {
        result = find_first(a, reply, member(a, "into"), "type");
        if (result != DONE)
            return result;
        if (clear)
            return act_on_element(a, "clear", NULL);
    } else {
        result = act_done(a, reply);
        if (result != DONE || a->step.stage == 2)
            return result;
    }
    a->step.stage = 2;
    return send_text(a);
}

enum result
do_clear(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (a->step.stage)
        return act_done(a, reply);
    result = find_first(a, reply, member(a, "clear"), "type");
    return result == DONE ? act_on_element(a, "clear", NULL) : result;
}

/* A code point below 0x10000 as UTF-8 at to. */
static char *
add_code(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    *to = '\0';
    return to;
}

/* Into an element: modifiers hold until the null key. */
static enum result
press_in_element(struct attempt *a, const struct recipe_keys *keys)
{
    char text[3 * (RECIPE_KEYS_MAX + 1) + 1], *to = text;

    for (size_t i = 0; i < keys->count; i++)
        to = add_code(to, keys->codes[i]);
    if (keys->count > 1)
        add_code(to, 0xe000);
    return act_on_element(a, "value", json_pack("{s:s}", "text", text));
}

static void
add_action(json_t *actions, const char *type, uint32_t code)
{
    char key[4];

    add_code(key, code);
    json_array_append_new(actions, json_pack("{s:s s:s}", "type", type, "value", key));
}

/* To whatever has the focus. */
static enum result
press_anywhere(struct attempt *a, const struct recipe_keys *keys)
{
    json_t *actions = json_array();

    for (size_t i = 0; i < keys->count; i++)
        add_action(actions, "keyDown", keys->codes[i]);
    for (size_t i = keys->count; i-- > 0;)
        add_action(actions, "keyUp", keys->codes[i]);
    a->step.stage = 1;
    return send_act(a, "POST", mem_string("actions"),
                    json_pack("{s:[{s:s s:s s:o}]}", "actions", "type", "key", "id", "keyboard",
                              "actions", actions));
}

enum result
do_press(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *in = member(a, "in");
    struct recipe_keys keys;
    enum result result;

    if (a->step.stage)
        return act_left(a, reply);
    recipe_keys_parse(json_string_value(member(a, "press")), &keys);
    if (!in)
        return press_anywhere(a, &keys);
    result = find_first(a, reply, in, "enabled");
    return result == DONE ? press_in_element(a, &keys) : result;
}

/* --- dialogs --- */

static const char no_dialog[] = "no dialog is open";

enum { READ_DIALOG, LOOK_FOR_NO, TYPE_INTO_DIALOG, ANSWER_DIALOG };

static enum result
answer_dialog(struct attempt *a)
{
    a->step.stage = ANSWER_DIALOG;
    return send_act(a, "POST", mem_format("alert/%s", json_string_value(member(a, "dialog"))),
                    NULL);
}

static enum result
type_into_dialog(struct attempt *a)
{
    char *text = ask_text(a, member(a, "type"));
    enum result result;

    if (!text)
        return FAILED;
    a->step.stage = TYPE_INTO_DIALOG;
    result = send_act(a, "POST", mem_string("alert/text"), json_pack("{s:s}", "text", text));
    template_free(text);
    return result;
}

static enum result
take_dialog(struct attempt *a, const struct wire_reply *reply)
{
    const char *said = json_string_value(reply->value);
    char *wanted = member(a, "contains") ? ask_text(a, member(a, "contains")) : mem_string("");
    bool right = wanted && said && strstr(said, wanted);

    template_free(wanted);
    if (!wanted)
        return FAILED;
    if (!right) {
        a->failure.dialog_open = true;
        text_copy(a->failure.dialog, sizeof a->failure.dialog, said ? said : "");
        text_clean(a->failure.dialog);
        return fail_with(a, NULL, "the dialog says \"%s\"", a->failure.dialog);
    }
    return member(a, "type") ? type_into_dialog(a) : answer_dialog(a);
}

/* Perhaps the page says no in its place. */
enum result
do_dialog(struct attempt *a, const struct wire_reply *reply)
{
    if (!reply)
        return send_command(a, "GET", "alert/text", NULL);
    if (a->step.stage == ANSWER_DIALOG)
        return act_done(a, reply);
    if (a->step.stage == LOOK_FOR_NO)
        return reply->kind == WIRE_DIALOG ? run_again(a, no_dialog) : ask_until(a, reply);
    if (reply->kind == WIRE_NO_DIALOG && a->step.stage == READ_DIALOG) {
        a->step.stage = LOOK_FOR_NO;
        return ask_rules_alone(a, no_dialog);
    }
    if (reply->kind != WIRE_OK)
        return take_trouble(a, reply);
    return a->step.stage == TYPE_INTO_DIALOG ? answer_dialog(a) : take_dialog(a, reply);
}

/* --- scripts --- */

/* Where our frame is gone, a driver runs the script in the top document without a word. */
static const char script_before[] =
    "for (var depth = 0, frame = window; frame !== frame.parent; frame = frame.parent) depth++;\n"
    "if (depth !== arguments[0]) return {pumplineLost: true};\n"
    "return {value: (function () {\n";
static const char script_behind[] = "\n}).apply(null, Array.prototype.slice.call(arguments, 1))};";

static enum result
send_script(struct attempt *a)
{
    const json_t *given = member(a, "args");
    json_t *args = given ? ask_resolve(a, given) : json_array();
    char *script;

    if (!args)
        return FAILED;
    json_array_insert_new(args, 0, json_integer((json_int_t)a->entered));
    script =
        mem_format("%s%s%s", script_before, json_string_value(member(a, "script")), script_behind);
    a->step.stage = 1;
    send_act(a, "POST", mem_string("execute/sync"),
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
        ask_set(a, into, json_string_value(value));
        return;
    }
    text = value && !json_is_null(value)
               ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
               : mem_string("");
    ask_set(a, into, text ? text : "");
    free(text);
}

enum result
do_script(struct attempt *a, const struct wire_reply *reply)
{
    static const struct wire_reply lost = {.kind = WIRE_AGAIN, .message = "its frame is gone"};
    enum result result;

    if (!reply)
        return send_script(a);
    if (json_is_true(json_object_get(reply->value, "pumplineLost"))) {
        a->frames_lost = true;
        return take_trouble(a, &lost);
    }
    result = act_done(a, reply);
    if (result == DONE && reply->kind == WIRE_OK)
        keep_value(a, json_object_get(reply->value, "value"));
    return result;
}
