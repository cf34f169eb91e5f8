/* The members of a dialogue, and of what is in it. */
#include "worker/dryrun/dialogue.h"

#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/json/similar.h"

#define POINTER_BYTES 128

/* Where in which file. */
struct position {
    const char *file, *pointer;
    struct json_faults *faults;
};

static const char *const file_names[] = {"about",   "url",   "options",   "credentials", "attempts",
                                         "purpose", "order", "exchanges", "ends",        NULL};
static const char *const attempt_names[] = {"about", "purpose", "order", "exchanges", "ends", NULL};
static const char *const order_names[] = {"uniqueid",       "worksheet",   "product_nr",
                                          "product_amount", "commit_sent", NULL};
static const char *const exchange_names[] = {"request", "reply", NULL};
static const char *const request_names[] = {"method",  "path",     "headers", "body",
                                            "commits", "delay_ms", NULL};
static const char *const reply_names[] = {"status", "headers", "body", "lost", NULL};
static const char *const ends_names[] = {"verdict", "reason_code",   "reason_text",    "reference",
                                         "facts",   "retry_after_s", "stopped_before", NULL};

static void
check_name(const struct position *at, const char *name, const char *const *names)
{
    struct similar similar = {.word = name};
    char pointer[POINTER_BYTES];

    for (; *names; names++) {
        if (strcmp(name, *names) == 0)
            return;
        similar_try(&similar, *names);
    }
    text_copy(pointer, sizeof pointer, at->pointer);
    json_pointer_add(pointer, sizeof pointer, name);
    json_fault_add(at->faults, at->file, pointer, "unknown member%s%s%s",
                   similar.best ? ": did you mean \"" : "", similar.best ?: "",
                   similar.best ? "\"?" : "");
}

static void
check_object(const struct position *at, const json_t *object, const char *const *names)
{
    const char *name;
    json_t *member;

    if (!json_is_object(object))
        json_fault_add(at->faults, at->file, at->pointer,
                       object ? "must be an object" : "is missing");
    json_object_foreach((json_t *)object, name, member)
    {
        check_name(at, name, names);
    }
}

static void
check_member(const struct position *outer, const json_t *object, const char *name,
             const char *const *names)
{
    char pointer[POINTER_BYTES];
    const struct position at = {outer->file, pointer, outer->faults};

    snprintf(pointer, sizeof pointer, "%s/%s", outer->pointer, name);
    check_object(&at, json_object_get(object, name), names);
}

static void
check_exchange(const struct position *at, const json_t *exchange)
{
    check_object(at, exchange, exchange_names);
    if (!json_is_object(exchange))
        return;
    check_member(at, exchange, "request", request_names);
    check_member(at, exchange, "reply", reply_names);
}

static void
check_list(const struct position *outer, const json_t *object, const char *name, size_t minimum,
           void (*check)(const struct position *at, const json_t *element))
{
    const json_t *list = json_object_get(object, name), *element;
    char pointer[POINTER_BYTES];
    const struct position at = {outer->file, pointer, outer->faults};
    size_t i;

    snprintf(pointer, sizeof pointer, "%s/%s", outer->pointer, name);
    if (!json_is_array(list) || json_array_size(list) < minimum)
        json_fault_add(at.faults, at.file, pointer, "must be a list%s%.*s",
                       minimum ? " with at least one " : "", minimum ? (int)strlen(name) - 1 : 0,
                       name);
    json_array_foreach(list, i, element)
    {
        snprintf(pointer, sizeof pointer, "%s/%s/%zu", outer->pointer, name, i);
        check(&at, element);
    }
}

static void
check_members(const struct position *at, const json_t *attempt)
{
    bool ends = json_object_get(attempt, "ends");

    check_member(at, attempt, "order", order_names);
    check_list(at, attempt, "exchanges", ends ? 0 : 1,
               check_exchange); /* it may be refused at once */
    if (ends)
        check_member(at, attempt, "ends", ends_names);
}

static void
check_attempt(const struct position *at, const json_t *attempt)
{
    check_object(at, attempt, attempt_names);
    if (json_is_object(attempt))
        check_members(at, attempt);
}

bool
dialogue_check(const json_t *dialogue, const char *file, struct json_faults *faults)
{
    const struct position whole = {file, "", faults};
    size_t before = faults->count;

    check_object(&whole, dialogue, file_names);
    if (json_object_get(dialogue, "attempts"))
        check_list(&whole, dialogue, "attempts", 1, check_attempt);
    else if (json_is_object(dialogue))
        check_members(&whole, dialogue);
    return faults->count == before;
}
