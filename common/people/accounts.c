#include "common/people/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/disk.h"
#include "common/base/secret.h"
#include "common/config/parts.h"
#include "common/json/file.h"

static const char *const roles[ROLES] = {"none", "reader", "manager", "operator", "admin"};

const char *
role_name(enum role role)
{
    return roles[role];
}

enum role
role_find(const char *name)
{
    for (int i = ROLE_READER; i < ROLES; i++)
        if (strcmp(roles[i], name) == 0)
            return (enum role)i;
    return ROLE_NONE;
}

bool
account_name_sound(const char *name)
{
    size_t length = strlen(name);

    return length && length <= ACCOUNT_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-@") == length;
}

/* --- the file --- */

static bool
roles_sound(const json_t *given)
{
    const char *slug;
    json_t *role;

    if (!json_is_object(given))
        return false;
    json_object_foreach((json_t *)given, slug, role)
    {
        if ((strcmp(slug, "*") && !config_slug_sound(slug)) ||
            !role_find(json_string_value(role) ?: ""))
            return false;
    }
    return true;
}

static bool
account_sound(const json_t *account)
{
    const json_t *password = json_object_get(account, "password");

    return account_name_sound(json_string_value(json_object_get(account, "name")) ?: "") &&
           roles_sound(json_object_get(account, "roles")) &&
           (json_is_null(password) || json_string_length(password) < ACCOUNT_HASH_BYTES) &&
           json_is_integer(json_object_get(account, "epoch"));
}

json_t *
accounts_read(const char *path, struct err *err)
{
    struct err cause = {0};
    json_t *file = json_file_read(path, &cause), *list = json_object_get(file, "accounts"), *one;
    bool sound = json_is_array(list);
    size_t i;

    if (!file && strcmp(cause.code, "no_file") == 0)
        return json_pack("{s[]}", "accounts");
    json_array_foreach(list, i, one)
    {
        sound = sound && account_sound(one);
    }
    if (sound)
        return file;
    err_set(err, "accounts", "%s: %s", path, file ? "not a file of accounts" : cause.text);
    json_decref(file);
    return NULL;
}

static int
accounts_write(const char *path, const json_t *file, struct err *err)
{
    char *text = json_dumps(file, JSON_INDENT(1));
    int result = disk_replace(path, text, strlen(text), err);

    free(text);
    return result;
}

/* The folder is what is locked: the file is replaced. */
static int
lock_folder(const char *path, bool wait, struct err *err)
{
    char *copy = mem_string(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        err_errno(err, "accounts", "cannot open the folder of %s", path);
    } else if (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) {
        err_errno(err, errno == EWOULDBLOCK ? "busy" : "accounts", "cannot lock %s", path);
        close(fd);
        fd = -1;
    }
    free(copy);
    return fd;
}

int
accounts_change(const char *path, bool wait,
                int (*change)(json_t *accounts, void *arg, struct err *err), void *arg,
                struct err *err)
{
    int lock = lock_folder(path, wait, err), result = -1;
    json_t *file = lock < 0 ? NULL : accounts_read(path, err);

    if (file && change(json_object_get(file, "accounts"), arg, err) == 0)
        result = accounts_write(path, file, err);
    json_decref(file);
    if (lock >= 0)
        close(lock);
    return result;
}

/* --- one account --- */

static const json_t *
list_of(const json_t *accounts)
{
    return json_is_object(accounts) ? json_object_get(accounts, "accounts") : accounts;
}

json_t *
accounts_find(const json_t *accounts, const char *name)
{
    json_t *one;
    size_t i;

    json_array_foreach(list_of(accounts), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return one;
    }
    return NULL;
}

static enum role
role_at(const json_t *account, const char *slug)
{
    const char *name = json_string_value(json_object_get(json_object_get(account, "roles"), slug));

    return name ? role_find(name) : ROLE_NONE;
}

enum role
account_role(const json_t *account, const char *slug)
{
    enum role everywhere = role_at(account, "*"), here = slug ? role_at(account, slug) : ROLE_NONE;

    return here > everywhere ? here : everywhere;
}

enum role
account_highest(const json_t *account)
{
    enum role highest = ROLE_NONE;
    const char *slug;
    json_t *role;

    json_object_foreach(json_object_get(account, "roles"), slug, role)
    {
        if (role_at(account, slug) > highest)
            highest = role_at(account, slug);
    }
    return highest;
}

void
account_set_password(json_t *account, const char *hash)
{
    json_int_t epoch = json_integer_value(json_object_get(account, "epoch"));

    json_object_set_new(account, "password", json_string(hash));
    json_object_set_new(account, "epoch", json_integer(epoch + 1));
    json_object_set_new(account, "link", json_null());
}

char *
account_link_new(json_t *account)
{
    char *token = secret_token_new(), hash[SECRET_HASH_TEXT_BYTES];
    json_int_t until_ms = clock_wall_ms() + ACCOUNT_LINK_MS;

    secret_token_hash(token, hash);
    json_object_set_new(account, "link", json_pack("{ss sI}", "hash", hash, "until_ms", until_ms));
    return token;
}

json_t *
accounts_by_link(const json_t *accounts, const char *token)
{
    json_t *one, *found = NULL;
    size_t i;

    json_array_foreach(list_of(accounts), i, one)
    {
        const json_t *link = json_object_get(one, "link");
        const char *hash = json_string_value(json_object_get(link, "hash"));

        if (hash && secret_token_matches(token, hash) &&
            json_integer_value(json_object_get(link, "until_ms")) > clock_wall_ms())
            found = one;
    }
    return found;
}

int
account_hash(const char *password, char hash[ACCOUNT_HASH_BYTES])
{
    _Static_assert(ACCOUNT_HASH_BYTES == crypto_pwhash_STRBYTES, "the size of a hash");
    return crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE);
}

bool
account_hash_fits(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}
