/* One question for each unknown name; callers that come meanwhile share it. */
#include "worker/io/names.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/loop.h"

#define NAME_BYTES 256
#define KNOWN_MAX 32 /* a configuration has two or three, and a page a few more */

struct known {
    char name[NAME_BYTES];
    struct names_answer answer;
    int64_t at_ms; /* monotonic; 0: never */
    unsigned id;   /* of the pending question; 0: none */
};

struct names_wait {
    TAILQ_ENTRY(names_wait) link;
    struct names *names;
    struct known *known; /* NULL: the name is an address */
    struct names_answer answer;
    void (*done)(const struct names_answer *answer, void *arg);
    void *arg;
    struct event *timer; /* to an answer that is already known, or to the timeout */
};

struct names {
    struct event_base *base;
    void (*ask)(unsigned id, const char *name, void *arg);
    void *arg;
    unsigned last_id;
    struct known *known; /* KNOWN_MAX of them; NULL before the first question */
    size_t next;         /* the one to be replaced by a new name */
    TAILQ_HEAD(, names_wait) waiting;
};

static bool
is_fresh(const struct known *known)
{
    return known->answer.count && clock_monotonic_ms() - known->at_ms < NAMES_FRESH_MS;
}

static void
finish(struct names_wait *wait, const struct names_answer *answer)
{
    void (*done)(const struct names_answer *answer, void *arg) = wait->done;
    void *arg = wait->arg;

    names_cancel(wait);
    done(answer, arg);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    static const struct names_answer late = {.error = "name resolution timed out"};
    struct names_wait *wait = arg;
    struct names_answer answer = wait->known ? wait->known->answer : wait->answer;

    (void)fd;
    (void)what;
    if (wait->known && !answer.count)
        answer = late;
    if (wait->known && !is_fresh(wait->known))
        wait->known->id = 0; /* asked again by the next one */
    finish(wait, &answer);
}

static struct known *
find(struct names *names, const char *name)
{
    struct known *known = names->known;

    for (size_t i = 0; i < KNOWN_MAX; i++)
        if (strcasecmp(names->known[i].name, name) == 0)
            return &names->known[i];
    for (size_t i = 0; i < KNOWN_MAX && known->id; i++) /* no request waits for it */
        known = &names->known[names->next++ % KNOWN_MAX];
    *known = (struct known){.at_ms = 0};
    text_copy(known->name, sizeof known->name, name);
    return known;
}

static void
ask(struct names *names, struct known *known)
{
    if (known->id)
        return;
    known->id = ++names->last_id;
    names->ask(known->id, known->name, names->arg);
}

/* An address, with or without the brackets of a URL. */
static bool
take_address(const char *text, struct names_answer *answer)
{
    unsigned char address[sizeof(struct in6_addr)];
    size_t length = strlen(text);

    if (*text == '[' && length > 1 && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length >= INET6_ADDRSTRLEN || answer->count == NAMES_ADDRESSES_MAX)
        return false;
    memcpy(answer->addresses[answer->count], text, length);
    answer->addresses[answer->count][length] = '\0';
    text = answer->addresses[answer->count];
    if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
        return false;
    answer->count++;
    return true;
}

struct names_wait *
names_resolve(struct names *names, const char *name,
              void (*done)(const struct names_answer *answer, void *arg), void *arg)
{
    struct names_wait *wait = mem_alloc(sizeof *wait);
    struct timeval delay = {0};

    *wait = (struct names_wait){.names = names, .done = done, .arg = arg};
    wait->timer = loop_timer(names->base, on_timer, wait);
    TAILQ_INSERT_TAIL(&names->waiting, wait, link);
    if (!take_address(name, &wait->answer)) {
        if (!names->known)
            names->known = mem_alloc(KNOWN_MAX * sizeof *names->known);
        wait->known = find(names, name);
        if (!is_fresh(wait->known)) {
            delay = clock_timeval(NAMES_PATIENCE_MS);
            ask(names, wait->known);
        }
    }
    evtimer_add(wait->timer, &delay);
    return wait;
}

void
names_cancel(struct names_wait *wait)
{
    TAILQ_REMOVE(&wait->names->waiting, wait, link);
    event_free(wait->timer);
    free(wait);
}

static void
take_answer(struct known *known, const json_t *message)
{
    const json_t *addresses = json_object_get(message, "addresses");
    struct names_answer answer = {.count = 0};

    for (size_t i = 0; i < json_array_size(addresses); i++)
        take_address(json_string_value(json_array_get(addresses, i)) ?: "", &answer);
    known->id = 0;
    if (answer.count) {
        known->answer = answer;
        known->at_ms = clock_monotonic_ms();
    }
}

static struct names_wait *
waiting_for(const struct names *names, const struct known *known)
{
    struct names_wait *wait;

    TAILQ_FOREACH(wait, &names->waiting, link)
        if (wait->known == known && !is_fresh(known))
            return wait;
    return NULL;
}

void
names_answered(struct names *names, const json_t *message)
{
    json_int_t id = json_integer_value(json_object_get(message, "id"));
    const char *error = json_string_value(json_object_get(message, "error"));
    struct timeval now = {0};

    for (size_t i = 0; id && names->known && i < KNOWN_MAX; i++) {
        struct known *known = &names->known[i];
        struct names_answer failed = {.error = error ? error : "the name has no address"};
        struct names_wait *wait;

        if (known->id != id)
            continue;
        take_answer(known, message);
        TAILQ_FOREACH(wait, &names->waiting, link)
            if (wait->known == known && known->answer.count)
                evtimer_add(wait->timer, &now);
        while (!known->answer.count && (wait = waiting_for(names, known)))
            finish(wait, &failed);
        return;
    }
}

struct names *
names_new(struct event_base *base, void (*ask_supervisor)(unsigned id, const char *name, void *arg),
          void *arg)
{
    struct names *names = mem_alloc(sizeof *names);

    *names = (struct names){.base = base, .ask = ask_supervisor, .arg = arg};
    TAILQ_INIT(&names->waiting);
    return names;
}

void
names_free(struct names *names)
{
    struct names_wait *wait;

    if (!names)
        return;
    while ((wait = TAILQ_FIRST(&names->waiting)))
        names_cancel(wait);
    free(names->known);
    free(names);
}
