/* The commands about the console's accounts. They change its file, and need no daemon. */
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/config/parts.h"
#include "common/people/accounts.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/input.h"
#include "supervisor/ctl/term/text.h"

#define DEFAULT_ACCOUNTS "/var/lib/pumpline-console/accounts.json"

/* A change of the file. */
struct user {
    struct ctl *ctl;
    const char *name, *hash; /* hash NULL: no password */
    char *link;              /* a new one, for secret_free */
    char *roles;             /* after the change */
};

static const char *
file_of(const struct ctl *ctl)
{
    return ctl->options[OPTION_ACCOUNTS] ? ctl->options[OPTION_ACCOUNTS] : DEFAULT_ACCOUNTS;
}

/* The file always belongs to the console: root changes it as the owner of the folder. */
static int
become_owner(const char *path)
{
    char *copy = mem_string(path);
    struct stat folder;
    int result = stat(dirname(copy), &folder);

    free(copy);
    if (result || geteuid() != 0 || folder.st_uid == 0)
        return 0; /* what is wrong with the folder shows soon */
    return setgroups(0, NULL) || setegid(folder.st_gid) || seteuid(folder.st_uid) ? -1 : 0;
}

static int
change_file(struct user *user, int (*change)(json_t *accounts, void *arg, struct err *err))
{
    struct err err = {0};

    if (!account_name_sound(user->name)) {
        text_complain("%s is not a valid account name: use a-z, 0-9 and . _ - @, at most %d bytes",
                      user->name, ACCOUNT_NAME_MAX);
        return CTL_USAGE;
    }
    if (become_owner(file_of(user->ctl))) {
        text_complain("cannot switch to the user who owns the folder of %s", file_of(user->ctl));
        return CTL_REFUSED;
    }
    if (accounts_change(file_of(user->ctl), true, change, user, &err) == 0)
        return CTL_OK;
    text_complain("%s", err.text);
    return CTL_REFUSED;
}

static int
find(json_t *accounts, const struct user *user, json_t **account, struct err *err)
{
    *account = accounts_find(accounts, user->name);
    return *account ? 0 : err_set(err, "unknown", "no such account: %s", user->name);
}

/* --- roles --- */

static int
check_role(const struct ctl *ctl, bool none)
{
    const char *role = ctl->options[OPTION_ROLE], *at = ctl->options[OPTION_AT];

    if (!role_find(role) && !(none && strcmp(role, role_name(ROLE_NONE)) == 0)) {
        text_complain("--role must be reader, manager, operator or admin%s",
                      none ? ", or none" : "");
        return CTL_USAGE;
    }
    if (at && !config_slug_sound(at)) {
        text_complain("--at requires a workshop's slug: %s is not a valid one", at);
        return CTL_USAGE;
    }
    return CTL_OK;
}

static void
set_role(json_t *account, const struct ctl *ctl)
{
    json_t *roles = json_object_get(account, "roles");
    const char *role = ctl->options[OPTION_ROLE], *at = ctl->options[OPTION_AT];

    if (role_find(role))
        json_object_set_new(roles, at ? at : "*", json_string(role));
    else
        json_object_del(roles, at ? at : "*");
}

/* "admin (all workshops), reader (bennys-auto)"; the caller frees it. */
static char *
roles_text(const json_t *roles)
{
    char *text = mem_string(""), *longer;
    const char *at;
    json_t *role;

    json_object_foreach((json_t *)roles, at, role)
    {
        longer = mem_format("%s%s%s (%s)", text, *text ? ", " : "", json_string_value(role) ?: "?",
                            strcmp(at, "*") ? at : "all workshops");
        free(text);
        text = longer;
    }
    return text;
}

static int
do_role(json_t *accounts, void *arg, struct err *err)
{
    struct user *user = arg;
    json_t *account;

    if (find(accounts, user, &account, err))
        return -1;
    set_role(account, user->ctl);
    user->roles = roles_text(json_object_get(account, "roles"));
    return 0;
}

static void
say_role(const struct user *user)
{
    const char *role = user->ctl->options[OPTION_ROLE], *at = user->ctl->options[OPTION_AT];

    if (role_find(role))
        text_say("%s: %s at %s", user->name, role, at ?: "all workshops");
    else
        text_say("%s: no role %s%s%s%s", user->name, at ? "at " : "for all workshops", at ?: "",
                 *user->roles ? "; still " : "", user->roles);
}

int
command_user_role(struct ctl *ctl)
{
    struct user user = {.ctl = ctl, .name = ctl->args[0]};
    int result = check_role(ctl, true);

    if (result == CTL_OK)
        result = change_file(&user, do_role);
    if (result == CTL_OK)
        say_role(&user);
    free(user.roles);
    return result;
}

/* --- links --- */

static void
say_link(struct user *user)
{
    text_say("%s: to sign in (once, within %lld minutes), open the console's address followed by:",
             user->name, ACCOUNT_LINK_MS / 60000);
    text_say("#link=%s", user->link);
    secret_free(user->link);
}

static int
do_link(json_t *accounts, void *arg, struct err *err)
{
    struct user *user = arg;
    json_t *account;

    if (find(accounts, user, &account, err))
        return -1;
    user->link = account_link_new(account);
    return 0;
}

int
command_user_link(struct ctl *ctl)
{
    struct user user = {.ctl = ctl, .name = ctl->args[0]};
    int result = change_file(&user, do_link);

    if (result == CTL_OK)
        say_link(&user);
    return result;
}

/* --- passwords --- */

static int
hash_password(const struct ctl *ctl, char hash[ACCOUNT_HASH_BYTES])
{
    char *password = password_read(ctl->options[OPTION_PASSWORD_FILE]);
    int result = CTL_USAGE;

    if (password && strlen(password) < ACCOUNT_PASSWORD_MIN)
        text_complain("a password must have at least %d bytes", ACCOUNT_PASSWORD_MIN);
    else if (password && account_hash(password, hash))
        text_complain("out of memory");
    else if (password)
        result = CTL_OK;
    secret_free(password);
    return result;
}

static int
do_passwd(json_t *accounts, void *arg, struct err *err)
{
    struct user *user = arg;
    json_t *account;

    if (find(accounts, user, &account, err))
        return -1;
    account_set_password(account, user->hash);
    return 0;
}

int
command_user_passwd(struct ctl *ctl)
{
    char hash[ACCOUNT_HASH_BYTES];
    struct user user = {.ctl = ctl, .name = ctl->args[0], .hash = hash};
    int result = hash_password(ctl, hash);

    if (result == CTL_OK)
        result = change_file(&user, do_passwd);
    if (result == CTL_OK)
        text_say("%s: password changed; all sessions have ended", user.name);
    return result;
}

/* --- accounts --- */

static int
do_add(json_t *accounts, void *arg, struct err *err)
{
    struct user *user = arg;
    json_t *account;

    if (accounts_find(accounts, user->name))
        return err_set(err, "exists", "account %s already exists", user->name);
    account = json_pack("{ss s{} ss? si so}", "name", user->name, "roles", "password", user->hash,
                        "epoch", 1, "link", json_null());
    set_role(account, user->ctl);
    if (!user->hash)
        user->link = account_link_new(account);
    return json_array_append_new(accounts, account);
}

int
command_user_add(struct ctl *ctl)
{
    char hash[ACCOUNT_HASH_BYTES];
    struct user user = {.ctl = ctl, .name = ctl->args[0]};
    int result = check_role(ctl, false);

    if (result == CTL_OK && ctl->options[OPTION_PASSWORD_FILE]) {
        result = hash_password(ctl, hash);
        user.hash = hash;
    }
    if (result == CTL_OK)
        result = change_file(&user, do_add);
    if (result == CTL_OK && user.link)
        say_link(&user);
    else if (result == CTL_OK)
        text_say("%s: account added", user.name);
    return result;
}

static int
do_remove(json_t *accounts, void *arg, struct err *err)
{
    const struct user *user = arg;

    for (size_t i = 0; i < json_array_size(accounts); i++)
        if (json_array_get(accounts, i) == accounts_find(accounts, user->name))
            return json_array_remove(accounts, i);
    return err_set(err, "unknown", "no such account: %s", user->name);
}

int
command_user_remove(struct ctl *ctl)
{
    struct user user = {.ctl = ctl, .name = ctl->args[0]};
    int result = change_file(&user, do_remove);

    if (result == CTL_OK)
        text_say("%s: account removed; all its sessions have ended", user.name);
    return result;
}

static void
print_accounts(const struct ctl *ctl, const json_t *reply)
{
    static const struct column columns[] = {
        {.title = "NAME"}, {.title = "ROLES", .flexible = true}, {.title = "PASSWORD"}};
    struct table *table = table_new(columns, 3);
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(reply, "accounts"), i, one)
    {
        char *roles = roles_text(json_object_get(one, "roles"));

        table_row(table);
        table_json(table, 0, COLOUR_NONE, json_object_get(one, "name"));
        table_cell(table, 1, COLOUR_NONE, "%s", roles);
        table_cell(table, 2, COLOUR_NONE, "%s",
                   json_is_true(json_object_get(one, "password")) ? "yes" : "no");
        free(roles);
    }
    table_print(table, &ctl->screen);
    table_free(table);
}

/* Without hashes. */
int
command_user_list(struct ctl *ctl)
{
    struct err err = {.text = "cannot become the owner of the folder"};
    json_t *file, *one;
    size_t i;

    file = become_owner(file_of(ctl)) ? NULL : accounts_read(file_of(ctl), &err);
    if (!file) {
        text_complain("%s", err.text);
        return CTL_REFUSED;
    }
    json_array_foreach(json_object_get(file, "accounts"), i, one)
    {
        json_object_set_new(one, "password",
                            json_boolean(json_is_string(json_object_get(one, "password"))));
        json_object_del(one, "link");
        json_object_del(one, "epoch");
    }
    ctl_show(ctl, file, print_accounts);
    return CTL_OK;
}
