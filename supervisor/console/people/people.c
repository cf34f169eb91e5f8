#include "supervisor/console/people/people.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/log.h"

struct people {
    char *path;
    struct stat seen;
    json_t *accounts;
};

static bool
is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

const json_t *
people_accounts(struct people *people)
{
    struct stat now = {0};
    struct err err;

    if (stat(people->path, &now))
        now = (struct stat){0};
    if (people->accounts && is_same(&now, &people->seen))
        return people->accounts;
    json_decref(people->accounts);
    people->accounts = accounts_read(people->path, &err);
    people->seen = now;
    if (!people->accounts) {
        log_error("sign-in is not available: %s", err.text);
        people->accounts = json_object();
    }
    return people->accounts;
}

int
people_change(struct people *people, int (*change)(json_t *accounts, void *arg, struct err *err),
              void *arg, struct err *err)
{
    return accounts_change(people->path, false, change, arg, err);
}

struct people *
people_open(const char *path)
{
    struct people *people = mem_alloc(sizeof *people);

    people->path = mem_string(path);
    return people;
}

void
people_close(struct people *people)
{
    json_decref(people->accounts);
    free(people->path);
    free(people);
}
