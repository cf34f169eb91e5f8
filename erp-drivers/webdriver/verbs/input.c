/* The verbs of mouse and keyboard. Each first finds its element; the command that it then sends is
 * never repeated once the line may have been stored: attempt_act and attempt_take_error ensure
 * that. */
#include "erp-drivers/webdriver/verbs/verbs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/percent.h"
#include "common/order/reason.h"
#include "erp-drivers/webdriver/page.h"
#include "erp-drivers/webdriver/values.h"

/* POST element/ELEMENT/COMMAND */
static enum result
act_on_element(struct attempt *a, const char *command, json_t *body)
{
    char *id = percent_encode(a->step.element), *path = mem_format("element/%s/%s", id, command);

    free(id);
    return attempt_act(a, "POST", path, body);
}

/* Stage 0 of an action: finds the element. DONE: found, and the stage is 1. */
static enum result
find_first(struct attempt *a, const struct wire_reply *reply, const json_t *locator,
           const char *need)
{
    enum result result;

    if (!reply)
        return page_ask_element(a, locator, need);
    result = page_take_element(a, reply);
    if (result == DONE) {
        const char *page = json_string_value(json_object_get(reply->value, "page"));

        text_copy(a->step.page, sizeof a->step.page, page ? page : "");
        a->step.stage = 1;
    }
    return result;
}

/* --- navigation --- */

#define LEAVING 9 /* a stage: what was done is not repeated */

static enum result
ask_whether_left(struct attempt *a)
{
    a->step.stage = LEAVING;
    return page_ask_plainly(a, "condition",
                            json_pack("{s:{s:s}}", "condition", "left", a->step.page));
}

/* The last stage of an action: if the recipe says that it navigates, the element must be gone with
 * its page, before the old page is taken for the result. */
static enum result
act_left(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (!reply)
        return ask_whether_left(a);
    if (a->step.stage != LEAVING) {
        result = attempt_acted(a, reply);
        return result == DONE && json_is_true(member(a, "navigates")) ? ask_whether_left(a)
                                                                      : result;
    }
    if ((reply->kind == WIRE_NO_WINDOW && a->window) ||
        (reply->kind == WIRE_OK && json_is_true(json_object_get(reply->value, "lost"))))
        return DONE; /* with its window or its frame */
    result = page_take_yes(a, reply);
    if (result == AGAIN)
        a->step.stage = LEAVING;
    return result;
}

/* --- the mouse --- */

enum result
verb_click(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (a->step.stage)
        return act_left(a, reply);
    result = find_first(a, reply, member(a, "click"), "click");
    return result == DONE ? act_on_element(a, "click", NULL) : result;
}

enum result
verb_check(struct attempt *a, const struct wire_reply *reply)
{
    bool on = !json_is_false(member(a, "on"));
    enum result result;

    if (a->step.stage)
        return attempt_acted(a, reply);
    result = find_first(a, reply, member(a, "check"), "click");
    if (result != DONE || json_is_true(json_object_get(reply->value, "checked")) == on)
        return result;
    return act_on_element(a, "click", NULL);
}

static enum result
send_option(struct attempt *a)
{
    const char *by = json_string_value(member(a, "by"));
    json_t *locator = values_resolve(a, member(a, "in"));
    char *option = locator ? values_text(a, member(a, "select")) : NULL;
    json_t *question = NULL;

    if (option)
        question = json_pack("{s:O s:s s:s s:s}", "locator", locator, "option", option, "need",
                             "enabled", "by", by ? by : "text");
    json_decref(locator);
    template_free(option);
    return page_ask(a, "option", question);
}

enum result
verb_select(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (a->step.stage)
        return attempt_acted(a, reply);
    if (!reply)
        return send_option(a);
    result = page_take_element(a, reply);
    if (result != DONE || json_is_true(json_object_get(reply->value, "checked")))
        return result;
    a->step.stage = 1;
    return act_on_element(a, "click", NULL);
}

/* --- the keyboard --- */

/* WebDriver takes some code points for keys: untrusted text must not press any. */
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
    char *text = values_text(a, member(a, "type"));
    enum result result = DONE;

    if (!text)
        return FAILED;
    if (strstr(json_string_value(member(a, "type")), "{credentials.password}"))
        a->password_typed = true;
    if (has_keys(text))
        result =
            attempt_fail(a, REASON_ERP_REJECTED, "cannot type the text: it contains special keys");
    else if (*text)
        result = act_on_element(a, "value", json_pack("{s:s}", "text", text));
    template_free(text);
    return result;
}

enum result
verb_type(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (a->step.stage == 0) {
        result = find_first(a, reply, member(a, "into"), "type");
        if (result != DONE)
            return result;
        /* Emptying takes a browser longer than typing. */
        if (!json_is_false(member(a, "clear")) &&
            !json_is_true(json_object_get(reply->value, "empty")))
            return act_on_element(a, "clear", NULL);
    } else {
        result = attempt_acted(a, reply);
        if (result != DONE || a->step.stage == 2)
            return result;
    }
    a->step.stage = 2;
    return send_text(a);
}

enum result
verb_clear(struct attempt *a, const struct wire_reply *reply)
{
    enum result result;

    if (a->step.stage)
        return attempt_acted(a, reply);
    result = find_first(a, reply, member(a, "clear"), "type");
    return result == DONE ? act_on_element(a, "clear", NULL) : result;
}

/* Writes a code point below 0x10000 as UTF-8. */
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

/* Into an element: modifiers are held until the null key. */
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

/* To the focused element. */
static enum result
press_anywhere(struct attempt *a, const struct recipe_keys *keys)
{
    json_t *actions = json_array();

    for (size_t i = 0; i < keys->count; i++)
        add_action(actions, "keyDown", keys->codes[i]);
    for (size_t i = keys->count; i-- > 0;)
        add_action(actions, "keyUp", keys->codes[i]);
    a->step.stage = 1;
    return attempt_act(a, "POST", mem_string("actions"),
                       json_pack("{s:[{s:s s:s s:o}]}", "actions", "type", "key", "id", "keyboard",
                                 "actions", actions));
}

enum result
verb_press(struct attempt *a, const struct wire_reply *reply)
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
