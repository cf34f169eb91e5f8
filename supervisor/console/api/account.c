/* What people do with their own account. */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "supervisor/console/api/internal.h"

/* A change of a password: first the old one is checked, then the new one is hashed. */
struct change {
    struct web *web;
    struct call *call;
    char name[ACCOUNT_NAME_MAX + 1];
    char *password; /* the new one */
    char hash[ACCOUNT_HASH_BYTES];
};

static void
change_free(struct change *change)
{
    secret_free(change->password);
    free(change);
}

void
account_sessions(struct call *call, void *context)
{
    const struct request *request = context;

    call_reply(call, 200,
               json_pack("{so}", "sessions",
                         sessions_list(request->web->sessions, account_name(request->account),
                                       request->session)));
}

static int
store(json_t *accounts, void *arg, struct err *err)
{
    const struct change *change = arg;
    json_t *account = accounts_find(accounts, change->name);

    if (!account)
        return err_set(err, "gone", "this account no longer exists");
    account_set_password(account, change->hash);
    return 0;
}

/* All sessions end with the old password; this browser gets a new one. */
static void
on_hashed(bool good, const char *hash, void *arg)
{
    struct change *change = arg;
    struct web *web = change->web;
    struct err err = {.text = "out of memory"};

    text_copy(change->hash, sizeof change->hash, hash);
    if (!good || people_change(web->people, store, change, &err)) {
        call_problem(change->call, 503, "busy", NULL, "%s", err.text);
    } else {
        log_info("%s changed the password", change->name);
        sessions_end(web->sessions, change->name, NULL);
        sign_in_reply(web, change->call, accounts_find(people_accounts(web->people), change->name));
    }
    change_free(change);
}

static void
on_checked(bool good, const char *hash, void *arg)
{
    struct change *change = arg;

    (void)hash;
    if (good && hasher_make(change->web->hasher, change->password, on_hashed, change) == 0)
        return;
    call_problem(change->call, good ? 503 : 400, good ? "busy" : "wrong_password", NULL,
                 good ? "try again" : "the current password is wrong");
    change_free(change);
}

/* An account that has only been used by a link has none yet. */
static int
begin(struct change *change, const json_t *account, const char *old)
{
    const char *hash = json_string_value(json_object_get(account, "password"));
    struct hasher *hasher = change->web->hasher;

    return hash ? hasher_check(hasher, old, hash, on_checked, change)
                : hasher_make(hasher, change->password, on_hashed, change);
}

void
account_password(struct call *call, void *context)
{
    const struct request *request = context;
    json_t *body = call_object(call);
    const char *old = json_string_value(json_object_get(body, "old"));
    const char *new = json_string_value(json_object_get(body, "new"));
    struct change *change;

    if (body &&
        (!new || strlen(new) < ACCOUNT_PASSWORD_MIN || strlen(new) > ACCOUNT_PASSWORD_MAX)) {
        call_problem(call, 400, "weak_password", NULL, "a password must have %d to %d bytes",
                     ACCOUNT_PASSWORD_MIN, ACCOUNT_PASSWORD_MAX);
    } else if (body) {
        change = mem_alloc(sizeof *change);
        *change =
            (struct change){.web = request->web, .call = call, .password = secret_string(new)};
        text_copy(change->name, sizeof change->name, account_name(request->account));
        if (begin(change, request->account, old ? old : "")) {
            change_free(change);
            call_problem(call, 503, "busy", NULL, "try again");
        }
    }
    json_decref(body);
}
