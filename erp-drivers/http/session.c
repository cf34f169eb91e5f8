/* What attempts with the same credentials share. */
#include "erp-drivers/http/session.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/recipe/recipe.h"
#include "common/template/template.h"
#include "erp-drivers/http/xml.h"

#define IDLE_S 300

static bool
speaks_xml(const json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)value, name, member)
    {
        if (strcmp(name, "xpath") == 0 || strcmp(name, "xml") == 0 || speaks_xml(member))
            return true;
    }
    json_array_foreach(value, i, member)
    {
        if (speaks_xml(member))
            return true;
    }
    return false;
}

void *
http_session_new(const json_t *erp)
{
    struct session *session = mem_alloc(sizeof *session);
    const char *url = json_string_value(json_object_get(erp, "url"));
    size_t length = strlen(url);

    while (length && url[length - 1] == '/')
        length--;
    session->recipe = json_object_get(erp, "$recipe");
    if (speaks_xml(session->recipe))
        xml_load();
    session->options = json_object_get(erp, "options");
    session->url = mem_format("%.*s", (int)length, url);
    session->kept = json_object();
    session->stored = json_object();
    session->seen = json_object();
    session->timeout_ms =
        1000 * (unsigned)recipe_number(
                   erp, "timeout_s", recipe_number(session->recipe, "timeout_s", RECIPE_REQUEST_S));
    return session;
}

void
http_session_free(void *handle)
{
    struct session *session = handle;

    json_decref(session->kept);
    json_decref(session->stored);
    json_decref(session->seen);
    secret_free(session->memory);
    free(session->url);
    free(session->refused);
    free(session);
}

void
http_session_clear_kept(struct session *session)
{
    json_object_clear(session->kept);
    json_object_update(session->kept, session->stored);
}

/* --- its end --- */

bool
http_session_may_log_out(const struct session *session)
{
    return json_object_get(session->recipe, "logout") && session->logged_in && !session->left_open;
}

const char *
http_session_note(void *handle)
{
    const struct session *session = handle;

    return session->left_open || http_session_may_log_out(session) ? "logged in" : NULL;
}

/* Only its process knew the token. */
void
http_session_adopt(void *handle, const char *note)
{
    struct session *session = handle;

    (void)note;
    session->left_open = true;
}

unsigned
http_session_idle_s(void *handle)
{
    const struct session *session = handle;

    return (unsigned)recipe_number(session->recipe, "idle_s", IDLE_S);
}

/* --- memory --- */

const char *
http_session_memory(void *handle)
{
    struct session *session = handle;
    json_t *memory;
    char *text;

    if (!json_object_size(session->stored) && !json_object_size(session->seen))
        return NULL;
    memory = json_pack("{s:O s:O}", "stored", session->stored, "seen", session->seen);
    text = json_dumps(memory, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        die_abort("out of memory");
    secret_free(session->memory);
    session->memory = secret_string(text);
    template_free(text);
    json_decref(memory);
    return session->memory;
}

void
http_session_remember(void *handle, const char *text)
{
    struct session *session = handle;
    json_t *memory = json_loads(text, 0, NULL);

    json_object_update(session->stored, json_object_get(memory, "stored"));
    json_object_update(session->seen, json_object_get(memory, "seen"));
    json_object_update(session->kept, session->stored);
    json_decref(memory);
}
