/* Signing in by a password or a link, and signing out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "supervisor/console/api/internal.h"

#define COOKIE_RULES "; Path=/; Secure; HttpOnly; SameSite=Strict"

/* A password that is being checked. */
struct attempt {
    struct web *web;
    struct call *call;
    char name[ACCOUNT_NAME_MAX + 1], address[64];
};

/* The names of all daemons, where there are several. */
static json_t *
names_json(const struct daemons *daemons)
{
    json_t *names = json_array();

    for (size_t i = 0; daemons->count > 1 && i < daemons->count; i++)
        json_array_append_new(names, json_string(daemons->links[i].socket->name));
    return names;
}

static json_t *
account_json(const struct web *web, const json_t *account)
{
    json_t *away = daemons_away(web->daemons);
    json_t *view = json_pack("{ss sO sb sb so}", "name", account_name(account), "roles",
                             json_object_get(account, "roles"), "has_password",
                             json_is_string(json_object_get(account, "password")), "daemon",
                             json_array_size(away) == 0, "daemons", names_json(web->daemons));

    json_decref(away);
    return view;
}

void
account_show(struct call *call, void *context)
{
    const struct request *request = context;

    call_reply(call, 200, account_json(request->web, request->account));
}

void
sign_in_reply(struct web *web, struct call *call, const json_t *account)
{
    char *token = sessions_new(web->sessions, account);
    char *cookie = mem_format("__Host-pumpline=%s; Max-Age=%lld" COOKIE_RULES, token,
                              (long long)web->settings->absolute_ms / 1000);

    call_header_add(call, "Set-Cookie", cookie);
    secret_wipe(cookie, strlen(cookie));
    free(cookie);
    secret_free(token);
    call_reply(call, 200, account_json(web, account));
}

static void
refuse(struct call *call)
{
    call_problem(call, 401, "wrong_password", NULL, "wrong name or password");
}

static void
on_checked(bool good, const char *hash, void *arg)
{
    struct attempt *attempt = arg;
    struct web *web = attempt->web;
    const json_t *account = accounts_find(people_accounts(web->people), attempt->name);
    const char *current = json_string_value(json_object_get(account, "password"));

    /* The password may have been changed meanwhile. */
    if (good && current && strcmp(current, hash) == 0) {
        backoff_succeeded(web->backoff, attempt->name);
        log_info("%s signed in from %s", attempt->name, attempt->address);
        sign_in_reply(web, attempt->call, account);
    } else {
        backoff_failed(web->backoff, attempt->name, attempt->address, clock_monotonic_ms());
        log_warning("wrong password for %s from %s", attempt->name, attempt->address);
        refuse(attempt->call);
    }
    free(attempt);
}

static void
refuse_for(struct call *call, int64_t wait_ms)
{
    char seconds[24];

    snprintf(seconds, sizeof seconds, "%lld", (long long)(wait_ms + 999) / 1000);
    call_header(call, "Retry-After", seconds);
    call_problem(call, 429, "too_many_attempts", NULL, "try again in %s s", seconds);
}

static void
check_password(struct web *web, struct call *call, const char *name, const char *password)
{
    const json_t *account = accounts_find(people_accounts(web->people), name);
    struct attempt *attempt = mem_alloc(sizeof *attempt);
    int64_t wait_ms;

    *attempt = (struct attempt){.web = web, .call = call};
    text_copy(attempt->name, sizeof attempt->name, account_name_sound(name) ? name : "");
    access_address(web, call, attempt->address, sizeof attempt->address);
    wait_ms = backoff_wait_ms(web->backoff, attempt->name, attempt->address, clock_monotonic_ms());
    if (!wait_ms &&
        hasher_check(web->hasher, password, json_string_value(json_object_get(account, "password")),
                     on_checked, attempt) == 0)
        return;
    free(attempt);
    refuse_for(call, wait_ms ? wait_ms : 1000);
}

static int
withdraw_link(json_t *accounts, void *arg, struct err *err)
{
    json_t *account = accounts_by_link(accounts, arg);

    if (!account)
        return err_set(err, "used", "the link has already been used or has expired");
    return json_object_set_new(account, "link", json_null());
}

/* Good for one time: it counts only once its withdrawal is on disk. */
static void
use_link(struct web *web, struct call *call, const char *token)
{
    const json_t *account = accounts_by_link(people_accounts(web->people), token);
    char name[ACCOUNT_NAME_MAX + 1];
    struct err err;

    if (!account) {
        call_problem(call, 401, "link_used", NULL, "the link has already been used or has expired");
        return;
    }
    text_copy(name, sizeof name, account_name(account));
    if (people_change(web->people, withdraw_link, (void *)token, &err)) {
        call_problem(call, 503, "busy", NULL, "%s", err.text);
        return;
    }
    log_info("%s signed in by a link", name);
    sign_in_reply(web, call, accounts_find(people_accounts(web->people), name));
}

void
sign_in(struct call *call, void *context)
{
    struct request *request = context;
    json_t *body = call_object(call);
    const char *name = json_string_value(json_object_get(body, "name"));
    const char *password = json_string_value(json_object_get(body, "password"));
    const char *link = json_string_value(json_object_get(body, "link"));

    if (body && link)
        use_link(request->web, call, link);
    else if (body && name && password && strlen(password) <= ACCOUNT_PASSWORD_MAX)
        check_password(request->web, call, name, password);
    else if (body)
        call_problem(call, 400, "missing_fields", NULL, "name and password, or link, are required");
    json_decref(body);
}

void
sign_out(struct call *call, void *context)
{
    struct request *request = context;
    json_t *body = call_object(call);
    bool everywhere = json_is_true(json_object_get(body, "everywhere"));

    if (!body)
        return;
    json_decref(body);
    sessions_end(request->web->sessions, account_name(request->account),
                 everywhere ? NULL : request->session);
    call_header_add(call, "Set-Cookie", "__Host-pumpline=; Max-Age=0" COOKIE_RULES);
    call_header_add(call, "Clear-Site-Data", "\"cache\"");
    call_reply(call, 200, json_object());
}
